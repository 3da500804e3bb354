// Keeps the scripts of CI out of what users of the root module download.
module github.com/pacspace/pacspace-go/.ci

go 1.26.0
