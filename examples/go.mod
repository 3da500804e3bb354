module github.com/pacspace/pacspace-go/examples

go 1.26.0

require github.com/pacspace/pacspace-go v0.0.0

replace github.com/pacspace/pacspace-go => ../
