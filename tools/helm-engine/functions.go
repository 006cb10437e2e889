package main

import (
	"encoding/json"
	"errors"
	"reflect"
	"sort"
	"text/template"
	"time"
	"unsafe"

	// Templates may name time zones; there is no file system to read them from.
	_ "time/tzdata"

	"github.com/Masterminds/sprig/v3"
	kubejson "k8s.io/apimachinery/pkg/util/json"
)

// Functions whose answer differs between two calls with the same arguments.
var random = []string{
	"randAlphaNum", "randAlpha", "randAscii", "randNumeric", "randBytes", "randInt", "shuffle", "uuidv4",
	"genPrivateKey", "genCA", "genCAWithKey", "genSelfSignedCert", "genSelfSignedCertWithKey", "genSignedCert", "genSignedCertWithKey",
	"bcrypt", "htpasswd", "encryptAES",
	"now", "ago", "durationRound",
}

// Functions that take the present time for an argument that is not a time, by the place of that argument.
var dating = map[string]int{"date": 1, "dateInZone": 1, "date_in_zone": 1, "htmlDate": 0, "htmlDateInZone": 0}

// usage collects the names of such functions while one request is rendered.
type usage map[string]bool

func (u usage) names() []string {
	names := make([]string, 0, len(u))
	for name := range u {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// functions are the template functions that we put in place of Helm's: the same ones, watched, and `lookup`.
func (u usage) functions() template.FuncMap {
	original := sprig.TxtFuncMap()
	replaced := template.FuncMap{}
	for _, name := range random {
		if function, ok := original[name]; ok {
			replaced[name] = watched(function, func([]reflect.Value) { u[name] = true })
		}
	}
	for name, place := range dating {
		if function, ok := original[name]; ok {
			replaced[name] = watched(function, func(arguments []reflect.Value) {
				if !isTime(arguments[place].Interface()) {
					u[name] = true
				}
			})
		}
	}
	replaced["lookup"] = func(apiVersion, kind, namespace, name string) (map[string]any, error) {
		u["lookup"] = true
		return lookup(apiVersion, kind, namespace, name)
	}
	return replaced
}

func isTime(value any) bool {
	switch value.(type) {
	case time.Time, *time.Time, int64, int, int32:
		return true
	default:
		return false
	}
}

// watched wraps a function so that `before` sees its arguments; type and answers stay the same.
func watched(function any, before func([]reflect.Value)) any {
	original := reflect.ValueOf(function)
	return reflect.MakeFunc(original.Type(), func(arguments []reflect.Value) []reflect.Value {
		before(arguments)
		if original.Type().IsVariadic() {
			return original.CallSlice(arguments)
		}
		return original.Call(arguments)
	}).Interface()
}

// hostLookup asks the host and answers how many bytes it has to say; takeAnswer copies them. Two calls, so that the
// host never has to allocate here while this program waits for it.
//
//go:wasmimport tenantry lookup
func hostLookup(address unsafe.Pointer, size uint32) uint32

//go:wasmimport tenantry answer
func takeAnswer(address unsafe.Pointer)

// answer is what the host says: an object, or nothing for "not found", or why it could not be asked.
type answer struct {
	Object json.RawMessage `json:"object"`
	Error  string          `json:"error"`
}

func lookup(apiVersion, kind, namespace, name string) (map[string]any, error) {
	question, err := json.Marshal(map[string]string{"apiVersion": apiVersion, "kind": kind, "namespace": namespace, "name": name})
	if err != nil {
		return nil, err
	}
	said := make([]byte, hostLookup(unsafe.Pointer(&question[0]), uint32(len(question))))
	if len(said) == 0 {
		return nil, errors.New("the host has no answer")
	}
	takeAnswer(unsafe.Pointer(&said[0]))
	var found answer
	if err := json.Unmarshal(said, &found); err != nil {
		return nil, err
	}
	if found.Error != "" {
		return nil, errors.New(found.Error)
	}
	object := map[string]any{}
	if len(found.Object) == 0 || string(found.Object) == "null" {
		return object, nil
	}
	// Whole numbers become int64, as in the objects that Helm's own lookup gives to templates.
	err = kubejson.Unmarshal(found.Object, &object)
	return object, err
}
