package decimal_test

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/pacspace/pacspace-go/decimal"
)

func ExampleParse() {
	used, err := decimal.Parse("1482.750")
	fmt.Println(used, err)

	_, err = decimal.Parse("1,482.75")
	fmt.Println(err)

	_, err = decimal.Parse("1e1000000000")
	fmt.Println(errors.Is(err, decimal.ErrRange))
	// Output:
	// 1482.75 <nil>
	// decimal: not a JSON number: "1,482.75"; write it as in -12.5 or 1e-7
	// true
}

func ExampleDecimal_Add() {
	sum := decimal.New(0)
	for _, text := range []string{"0.1", "0.2", "-0.3"} {
		amount, err := decimal.Parse(text)
		if err != nil {
			fmt.Println(err)
			return
		}
		sum = sum.Add(amount)
	}
	fmt.Println(sum, sum.IsZero())
	// Output: 0 true
}

func ExampleDecimal_Binary64() {
	for _, text := range []string{"0.1", "9007199254740992", "9007199254740993"} {
		amount, err := decimal.Parse(text)
		fmt.Println(amount, amount.Binary64(), err)
	}
	// Output:
	// 0.1 true <nil>
	// 9007199254740992 true <nil>
	// 9007199254740993 false <nil>
}

func ExampleDecimal_UnmarshalJSON() {
	var line struct {
		Number decimal.Decimal  `json:"number"`
		Text   decimal.Decimal  `json:"text"`
		Absent *decimal.Decimal `json:"absent"`
	}
	err := json.Unmarshal([]byte(`{"number": 1e-7, "text": "12.50", "absent": null}`), &line)
	fmt.Println(line.Number, line.Text, line.Absent, err)
	// Output: 0.0000001 12.5 <nil> <nil>
}
