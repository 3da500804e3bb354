// Keeps the corpora of fuzz targets out of what users of the root module download.
module github.com/pacspace/pacspace-go/webhook/testdata

go 1.26.0
