// Keeps the documents and their pictures out of what users of the root module download.
module github.com/pacspace/pacspace-go/docs

go 1.26.0
