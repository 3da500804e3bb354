// Keeps the pictures out of what users of the root module download.
module github.com/pacspace/pacspace-go/docs/images

go 1.26.0
