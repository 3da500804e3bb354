module github.com/pacspace/pacspace-go/benchmarks

go 1.26.0

require (
	github.com/pacspace/pacspace-go v0.0.0
	golang.org/x/crypto v0.59.0
)

require (
	github.com/cloudflare/circl v1.6.5 // indirect
	github.com/shopspring/decimal v1.6.0 // indirect
	golang.org/x/sys v0.50.0 // indirect
)

replace github.com/pacspace/pacspace-go => ../
