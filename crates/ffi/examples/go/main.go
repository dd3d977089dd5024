// Filters a batch of records in Go.
//
//	go run . ../batch
//
// cgo forbids passing Go memory that holds Go pointers, so a [][]byte cannot go over. A batch is one []byte and the
// offsets of its records, which is also the fastest form and costs one call a batch.
package main

/*
#cgo pkg-config: eventsieve
#include <eventsieve.h>
#include <stdlib.h>

// The answers struct holds pointers to Go memory, which only C may put there.
static eventsieve_status evaluate(const eventsieve_sieve *sieve, eventsieve_scratch *scratch, const uint8_t *data,
                                  size_t data_len, const size_t *offsets, size_t offsets_len, uint8_t *verdicts,
                                  size_t verdicts_len, size_t *matched_len) {
	eventsieve_answers answers = EVENTSIEVE_ANSWERS_INIT;
	answers.verdicts = verdicts;
	answers.verdicts_len = verdicts_len;
	eventsieve_status status =
		eventsieve_sieve_evaluate_offsets(sieve, scratch, data, data_len, offsets, offsets_len, &answers);
	*matched_len = answers.matched_len;
	return status;
}

static eventsieve_status compile(const uint8_t *criteria, size_t len, uint32_t source, uint32_t checks,
                                 eventsieve_sieve **sieve, eventsieve_errors **errors) {
	eventsieve_compile_options options = EVENTSIEVE_COMPILE_OPTIONS_INIT;
	options.source = source;
	options.checks = checks;
	return eventsieve_sieve_compile(criteria, len, &options, sieve, errors);
}
*/
import "C"

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"unsafe"
)

// Sieve is criteria ready to run. Goroutines may share it.
type Sieve struct{ handle *C.eventsieve_sieve }

// Scratch is the memory that one goroutine at a time evaluates with.
type Scratch struct{ handle *C.eventsieve_scratch }

// An empty slice is NULL with length 0, which the library takes.
func pointer(data []byte) *C.uint8_t {
	if len(data) == 0 {
		return nil
	}
	return (*C.uint8_t)(unsafe.Pointer(&data[0]))
}

func status(status C.eventsieve_status) error {
	if status == C.EVENTSIEVE_STATUS_OK {
		return nil
	}
	var text C.eventsieve_slice
	C.eventsieve_status_text(C.uint32_t(status), &text)
	return errors.New(C.GoStringN((*C.char)(unsafe.Pointer(text.data)), C.int(text.len)))
}

// Compile tells everything that is wrong with the criteria.
func Compile(criteria []byte, source, checks C.uint32_t) (*Sieve, error) {
	var sieve Sieve
	var errs *C.eventsieve_errors
	code := C.compile(pointer(criteria), C.size_t(len(criteria)), source, checks, &sieve.handle, &errs)
	if errs != nil {
		defer C.eventsieve_errors_free(errs)
		var needed C.size_t
		C.eventsieve_errors_draw(errs, C.EVENTSIEVE_ALL, nil, 0, nil, 0, &needed)
		text := make([]byte, needed)
		C.eventsieve_errors_draw(errs, C.EVENTSIEVE_ALL, nil, 0, pointer(text), needed, &needed)
		return nil, errors.New(string(text))
	}
	if err := status(code); err != nil {
		return nil, err
	}
	// Go's collector frees what is forgotten; Close frees it at once.
	runtime.SetFinalizer(&sieve, (*Sieve).Close)
	return &sieve, nil
}

// Close frees the sieve; twice is fine.
func (sieve *Sieve) Close() {
	C.eventsieve_sieve_free(sieve.handle)
	sieve.handle = nil
}

// Scratch makes the memory for one goroutine.
func (sieve *Sieve) Scratch() (*Scratch, error) {
	var scratch Scratch
	err := status(C.eventsieve_scratch_new(sieve.handle, &scratch.handle))
	runtime.KeepAlive(sieve)
	if err != nil {
		return nil, err
	}
	runtime.SetFinalizer(&scratch, (*Scratch).Close)
	return &scratch, nil
}

// Close frees the scratch; twice is fine.
func (scratch *Scratch) Close() {
	C.eventsieve_scratch_free(scratch.handle)
	scratch.handle = nil
}

// Evaluate sets a verdict for each record data[offsets[i]:offsets[i+1]] and returns how many match. There is at least
// one offset.
func (sieve *Sieve) Evaluate(scratch *Scratch, data []byte, offsets []C.size_t, verdicts []byte) (int, error) {
	var matched C.size_t
	code := C.evaluate(sieve.handle, scratch.handle, pointer(data), C.size_t(len(data)), &offsets[0],
		C.size_t(len(offsets)), pointer(verdicts), C.size_t(len(verdicts)), &matched)
	runtime.KeepAlive(sieve)
	runtime.KeepAlive(scratch)
	return int(matched), status(code)
}

func run(folder string) error {
	read := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return data
	}
	sieve, err := Compile(read("criteria.json"), C.EVENTSIEVE_SOURCE_RAW, C.EVENTSIEVE_CHECKS_EVERY)
	if err != nil {
		return err
	}
	defer sieve.Close()
	scratch, err := sieve.Scratch()
	if err != nil {
		return err
	}
	defer scratch.Close()

	// One record a line; a line ending is white space to JSON.
	data := read("records.ndjson")
	offsets := []C.size_t{0}
	for end := 0; end < len(data); {
		if line := bytes.IndexByte(data[end:], '\n'); line >= 0 {
			end += line + 1
		} else {
			end = len(data)
		}
		offsets = append(offsets, C.size_t(end))
	}
	verdicts := make([]byte, len(offsets)-1)
	matched, err := sieve.Evaluate(scratch, data, offsets, verdicts)
	if err != nil {
		return err
	}
	fmt.Printf("go: %d of %d records match\n", matched, len(verdicts))
	for record, expected := range bytes.Fields(read("verdicts.txt")) {
		if record >= len(verdicts) || expected[0] != '0'+verdicts[record] {
			return fmt.Errorf("record %d: expected %s", record, expected)
		}
	}
	_, err = Compile([]byte(`{"city": [{"begins-with": "Gh"}]}`), C.EVENTSIEVE_SOURCE_RAW, C.EVENTSIEVE_CHECKS_EVERY)
	if err == nil || !bytes.Contains([]byte(err.Error()), []byte("begins-with")) {
		return fmt.Errorf("a mistake in the criteria was not told: %v", err)
	}
	return nil
}

func main() {
	folder := "../batch"
	if len(os.Args) > 1 {
		folder = os.Args[1]
	}
	if err := run(folder); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
