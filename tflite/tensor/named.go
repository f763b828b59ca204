package tensor

import "reflect"

// typeOfNamed is typeOf for types that are declared over a basic one. It is apart because reflection would cost the
// common case an allocation.
func typeOfNamed[T Element](v T) Type {
	switch reflect.TypeOf(v).Kind() {
	case reflect.Uint8:
		return UInt8
	case reflect.Int8:
		return Int8
	case reflect.Uint16:
		return UInt16
	case reflect.Int16:
		return Int16
	case reflect.Uint32:
		return UInt32
	case reflect.Int32:
		return Int32
	case reflect.Uint64:
		return UInt64
	case reflect.Int64:
		return Int64
	case reflect.Float32:
		return Float32
	case reflect.Float64:
		return Float64
	case reflect.Bool:
		return Bool
	case reflect.Complex64:
		return Complex64
	case reflect.Complex128:
		return Complex128
	default:
		return NoType
	}
}
