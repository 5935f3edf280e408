extension OutputSpan<UInt8> {
    /// Appends the bytes of an integer, the lowest first; there is room for it.
    @inline(__always)
    mutating func put<Value: FixedWidthInteger & BitwiseCopyable>(_ value: Value) {
        precondition(freeCapacity >= MemoryLayout<Value>.size)
        unsafe withUnsafeMutableBufferPointer { buffer, count in
            let raw = UnsafeMutableRawBufferPointer(buffer)
            unsafe raw.storeBytes(of: value.littleEndian, toByteOffset: count, as: Value.self)
            count += MemoryLayout<Value>.size
        }
    }

    /// Appends bytes; there is room for them.
    @inline(__always)
    mutating func put(_ bytes: RawSpan) {
        precondition(freeCapacity >= bytes.byteCount)
        unsafe withUnsafeMutableBufferPointer { buffer, count in
            unsafe bytes.withUnsafeBytes { source in
                let raw = UnsafeMutableRawBufferPointer(buffer)
                unsafe UnsafeMutableRawBufferPointer(rebasing: raw[count...]).copyMemory(
                    from: source
                )
                count += source.count
            }
        }
    }
}
