// The Helm engine as a WebAssembly reactor: Helm's own packages, called by the host through exported functions.
//
// The host writes a JSON document or an archive into memory it asked for by `alloc`, calls a function with the
// address, and gets back one 64-bit word: address in the upper half, length in the lower. Every buffer, in either
// direction, is given back by `release`.
package main

import (
	"encoding/json"
	"runtime/debug"
	"unsafe"
)

// pinned keeps buffers reachable while the host knows their address.
var pinned = map[uint32][]byte{}

//go:wasmexport alloc
func alloc(size uint32) uint32 {
	// One byte at least: an empty slice has no address of its own.
	buffer := make([]byte, max(size, 1))
	address := uint32(uintptr(unsafe.Pointer(&buffer[0])))
	pinned[address] = buffer[:size]
	return address
}

//go:wasmexport release
func release(address uint32) { delete(pinned, address) }

// configure sets the size in bytes above which the garbage collector works hard instead of letting the heap grow. The
// host gives a little less than the hard limit of the memory.
//
//go:wasmexport configure
func configure(softLimit uint32) { debug.SetMemoryLimit(int64(softLimit)) }

// give hands a value to the host as JSON.
func give(value any) uint64 {
	encoded, err := json.Marshal(value)
	if err != nil {
		encoded, _ = json.Marshal(reply{Error: &failure{Code: templateFailed, Message: "the answer is not JSON: " + err.Error()}})
	}
	address := alloc(uint32(len(encoded)))
	copy(pinned[address], encoded)
	return uint64(address)<<32 | uint64(len(encoded))
}

// load parses the archive at the address and keeps it under the number that the host chose.
//
//go:wasmexport load
func load(handle, address uint32) uint64 { return give(loadChart(handle, pinned[address])) }

//go:wasmexport drop
func drop(handle uint32) { delete(charts, handle) }

// render answers the request (JSON) at the address for a chart loaded before.
//
//go:wasmexport render
func render(handle, address uint32) uint64 { return give(renderRequest(handle, pinned[address])) }

// verify answers the request (JSON) at the first address about the archive at the second.
//
//go:wasmexport verify
func verify(request, archive uint32) uint64 {
	return give(verifyArchive(pinned[request], pinned[archive]))
}

func main() {}
