/// Memory of this host that payloads may go through instead of the connection.
///
/// A peer on the broker's host asks by an empty one once it was welcomed. The broker names memory, and
/// a peer that could open it says so by the same key, without a path.
package struct Memory: WireMessage {
    package static let type = MessageType.memory

    /// Names the memory for as long as the broker runs; its first 8 bytes say the same.
    ///
    /// 0 asks for some.
    package var key: UInt64
    /// From the broker: the file to open, as `/proc/PID/fd/NUMBER`; empty when the memory is gone.
    package var path: String

    /// Puts the parts together.
    package init(key: UInt64 = 0, path: String = "") {
        self.key = key
        self.path = path
    }

    package func writeFields(to writer: inout ByteWriter) {
        writer.u64(key)
        writer.text(path)
    }

    package init(fields reader: inout ByteReader) throws(WireError) {
        key = try reader.u64()
        path = try reader.text("path")
    }
}

/// Where a payload lies in shared memory; sent in the payload's part, in place of its bytes.
///
/// The part holds one when it has another number of bytes than the frame's header says.
package struct SharedPayload: WireMessage {
    package static let type = MessageType.sharedPayload
    /// Bytes of the whole message, always.
    package static let byteCount = Limits.prefixByteCount + 16

    /// The memory.
    package var key: UInt64
    /// The payload's first byte in it.
    package var offset: UInt64

    /// Puts the parts together.
    package init(key: UInt64, offset: UInt64) {
        self.key = key
        self.offset = offset
    }

    package func writeFields(to writer: inout ByteWriter) {
        writer.u64(key)
        writer.u64(offset)
    }

    package init(fields reader: inout ByteReader) throws(WireError) {
        key = try reader.u64()
        offset = try reader.u64()
    }
}
