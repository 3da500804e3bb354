package jsonview

import (
	"bytes"
	"math"
	"math/big"
	"strconv"
)

// MaxSafeInteger is the largest integer below which every integer is a binary64 number.
const MaxSafeInteger = 1<<53 - 1

// IsInteger reports whether v is a number written as an integer: digits and perhaps a
// minus, no fraction and no exponent.
func (v Value) IsInteger() bool {
	return v.Kind() == Number && bytes.IndexFunc(v.text, func(r rune) bool { return r != '-' && (r < '0' || r > '9') }) < 0
}

// Uint returns the integer that the number v stands for, whether it is written as an
// integer or not (4, 4.0 and 40e-1 are all 4), and false where v is no number, not an
// integer, or not within 0 and limit, which must not pass [MaxSafeInteger].
func (v Value) Uint(limit uint64) (uint64, bool) {
	switch {
	case v.Kind() != Number:
		return 0, false
	case v.IsInteger():
		if string(v.text) == "-0" {
			return 0, true
		}
		n, err := strconv.ParseUint(string(v.text), 10, 64)
		return n, err == nil && n <= limit
	}
	f := v.float()
	if f != math.Trunc(f) || f < 0 || !(f <= float64(limit)) {
		return 0, false
	}
	return uint64(f), true
}

// Equals reports whether v is a number, written in any way, of exactly the value n.
func (v Value) Equals(n uint64) bool {
	got, ok := v.Uint(MaxSafeInteger)
	return ok && got == n
}

// Key returns a text that is the same for exactly those values that Python holds equal as
// keys of a dict: 1, 1.0 and true are one key. It is false for arrays and objects, which
// cannot be keys, and for an absent value. NaN gives a key equal to itself, unlike Python.
func (v Value) Key() (string, bool) {
	switch v.Kind() {
	case Null:
		return "null", true
	case Bool:
		if v.IsTrue() {
			return "1", true
		}
		return "0", true
	case String:
		return `"` + decodeString(v.text), true
	case Number:
		return v.numberKey(), true
	}
	return "", false
}

func (v Value) numberKey() string {
	if v.IsInteger() {
		if string(v.text) == "-0" {
			return "0"
		}
		return string(v.text)
	}
	f := v.float()
	if f == math.Trunc(f) && !math.IsInf(f, 0) {
		whole, _ := big.NewFloat(f).Int(nil)
		return whole.String()
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}

// float returns the binary64 number that v stands for, infinite where v is too large, and
// NaN where v is no number.
func (v Value) float() float64 {
	if v.Kind() != Number {
		return math.NaN()
	}
	f, _ := strconv.ParseFloat(string(v.text), 64) // out of range gives an infinity, as in Python
	return f
}

// numberNotZero reports whether a number's text stands for something else than zero.
func numberNotZero(text []byte) bool {
	return Value{text}.float() != 0
}

// IsFinite reports whether v is a number other than NaN and the infinities. An integer is
// finite however long it is; a fraction beyond binary64 is not.
func (v Value) IsFinite() bool {
	if v.IsInteger() {
		return true
	}
	f := v.float()
	return !math.IsNaN(f) && !math.IsInf(f, 0)
}

// IsWhole reports whether v is a number of integer value, written as an integer or not, of
// any size. negative tells whether it is below zero.
func (v Value) IsWhole() (negative, ok bool) {
	if v.IsInteger() {
		return v.text[0] == '-' && string(v.text) != "-0", true
	}
	f := v.float()
	return f < 0, v.IsFinite() && f == math.Trunc(f)
}
