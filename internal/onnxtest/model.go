// Package onnxtest makes tiny models and model bundles for tests: real ONNX files, a few
// kilobytes each, that the real runtime loads.
package onnxtest

import (
	"encoding/binary"
	"math"
)

// Element types of onnx.proto.
const (
	Float   = 1
	Int32   = 6
	Int64   = 7
	Float16 = 10
)

// Message is a protobuf message under construction.
type Message []byte

// Int adds a number.
func (m Message) Int(field int, v int64) Message {
	m = binary.AppendUvarint(m, uint64(field)<<3)
	return binary.AppendUvarint(m, uint64(v))
}

// Bytes adds bytes, a text or a message.
func (m Message) Bytes(field int, v []byte) Message {
	m = binary.AppendUvarint(m, uint64(field)<<3|2)
	m = binary.AppendUvarint(m, uint64(len(v)))
	return append(m, v...)
}

// Text adds a text.
func (m Message) Text(field int, v string) Message { return m.Bytes(field, []byte(v)) }

// Value is the declaration of an input or output; -1 in shape is a free dimension.
func Value(name string, elem int64, shape ...int64) Message {
	var dims Message
	for _, n := range shape {
		dim := Message{}.Int(1, n)
		if n < 0 {
			dim = Message{}.Text(2, "n")
		}
		dims = dims.Bytes(1, dim)
	}
	tensor := Message{}.Int(1, elem).Bytes(2, dims)
	return Message{}.Text(1, name).Bytes(2, Message{}.Bytes(1, tensor))
}

// Tensor is an initializer of float32 values kept in the model file.
func Tensor(name string, values []float32, shape ...int64) Message {
	return dims(shape).Int(2, Float).Text(8, name).Bytes(9, Floats(values))
}

// External is an initializer whose float32 values lie in another file.
func External(name, location string, offset, length string, shape ...int64) Message {
	m := dims(shape).Int(2, Float).Text(8, name)
	for _, e := range [][2]string{{"location", location}, {"offset", offset}, {"length", length}} {
		if e[1] != "" {
			m = m.Bytes(13, Message{}.Text(1, e[0]).Text(2, e[1]))
		}
	}
	return m.Int(14, 1)
}

func dims(shape []int64) Message {
	var m Message
	for _, n := range shape {
		m = m.Int(1, n)
	}
	return m
}

// Ints is an initializer of int64 values.
func Ints(name string, values []int64, shape ...int64) Message {
	var raw []byte
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint64(raw, uint64(v))
	}
	return dims(shape).Int(2, Int64).Text(8, name).Bytes(9, raw)
}

// Floats are float32 values as they lie in a file.
func Floats(values []float32) []byte {
	var raw []byte
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	return raw
}

// Node is an operation.
func Node(op string, inputs, outputs []string, attributes ...Message) Message {
	var m Message
	for _, in := range inputs {
		m = m.Text(1, in)
	}
	for _, out := range outputs {
		m = m.Text(2, out)
	}
	m = m.Text(4, op)
	for _, a := range attributes {
		m = m.Bytes(5, a)
	}
	return m
}

// IntAttribute is an attribute of a node that is a number.
func IntAttribute(name string, v int64) Message {
	return Message{}.Text(1, name).Int(3, v).Int(20, 2)
}

// IntsAttribute is an attribute of a node that is a list of numbers.
func IntsAttribute(name string, values ...int64) Message {
	m := Message{}.Text(1, name)
	for _, v := range values {
		m = m.Int(8, v)
	}
	return m.Int(20, 7)
}

// GraphAttribute is an attribute of a node that is a graph, as loops have.
func GraphAttribute(name string, g Graph) Message {
	return Message{}.Text(1, name).Bytes(6, g.message()).Int(20, 5)
}

// Graph is a model's graph.
type Graph struct {
	Nodes, Weights, Inputs, Outputs []Message
}

func (g Graph) message() Message {
	var m Message
	for _, n := range g.Nodes {
		m = m.Bytes(1, n)
	}
	m = m.Text(2, "test")
	for _, w := range g.Weights {
		m = m.Bytes(5, w)
	}
	for _, v := range g.Inputs {
		m = m.Bytes(11, v)
	}
	for _, v := range g.Outputs {
		m = m.Bytes(12, v)
	}
	return m
}

// Model is the graph as a file: IR version 8, operator set 13.
func (g Graph) Model() []byte {
	opset := Message{}.Text(1, "").Int(2, 13)
	return Message{}.Int(1, 8).Text(2, "descry tests").Bytes(7, g.message()).Bytes(8, opset)
}
