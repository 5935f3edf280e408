internal import CLMDB

/// A key of a table; keys sort bytewise.
package enum Key: Sendable, Equatable {
    /// Eight bytes, big-endian, so that keys sort as their numbers do.
    case number(UInt64)
    /// 1 to 511 bytes.
    case bytes([UInt8])

    /// Lends the key to `body` in LMDB's form; LMDB does not write to it.
    func withView<Result>(_ body: (inout MDB_val) -> Result) -> Result {
        switch self {
        case .number(let number):
            var bytes = number.bigEndian
            return unsafe withUnsafeMutableBytes(of: &bytes) { buffer in
                var view = unsafe MDB_val(mv_size: buffer.count, mv_data: buffer.baseAddress)
                return unsafe body(&view)
            }
        case .bytes(var bytes):
            return unsafe bytes.withUnsafeMutableBytes { buffer in
                var view = unsafe MDB_val(mv_size: buffer.count, mv_data: buffer.baseAddress)
                return unsafe body(&view)
            }
        }
    }
}

extension RawSpan {
    /// The number of a ``Key/number(_:)``, or `nil` when the key is not 8 bytes long.
    package var keyNumber: UInt64? {
        guard byteCount == 8 else { return nil }
        return unsafe UInt64(bigEndian: unsafeLoadUnaligned(as: UInt64.self))
    }
}

extension MDB_val {
    /// What LMDB points at; valid as long as its transaction.
    var buffer: UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(start: mv_data, count: mv_size)
    }
}
