// Appending raw bytes without a call for each piece: what encoding and gathering do most.

extension [UInt8] {
    /// Appends the bytes of an integer, the lowest first.
    @inline(__always)
    mutating func put<Value: FixedWidthInteger & BitwiseCopyable>(_ value: Value) {
        append(addingCapacity: MemoryLayout<Value>.size) { span in
            unsafe span.withUnsafeMutableBufferPointer { buffer, count in
                let raw = UnsafeMutableRawBufferPointer(buffer)
                unsafe raw.storeBytes(of: value.littleEndian, as: Value.self)
                count = MemoryLayout<Value>.size
            }
        }
    }

    /// Appends bytes.
    @inline(__always)
    mutating func put(_ bytes: RawSpan) {
        append(addingCapacity: bytes.byteCount) { span in
            unsafe span.withUnsafeMutableBufferPointer { buffer, count in
                unsafe bytes.withUnsafeBytes { source in
                    let raw = UnsafeMutableRawBufferPointer(buffer)
                    unsafe raw.copyMemory(from: source)
                    count = source.count
                }
            }
        }
    }
}
