module github.com/pacspace/pacspace-go/interop

go 1.26.0

require github.com/pacspace/pacspace-go v0.0.0

require github.com/stretchr/testify v1.12.1 // indirect

replace github.com/pacspace/pacspace-go => ../
