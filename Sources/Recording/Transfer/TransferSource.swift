internal import Foundation
internal import Wire

/// Reads a transfer file in chunks of whole records.
package struct TransferSource {
    /// Bytes of a chunk, about; a larger record goes alone.
    private static let chunkByteCount = 2 << 20
    private static let readByteCount = 1 << 20

    private let descriptor: Int32
    /// What the file is called, for people.
    private let name: String
    private var buffer: [UInt8] = []
    /// Where the buffer begins in the file.
    private var start: UInt64 = 0
    private var hasEnded = false
    /// Records since the last one that ends a file: two files, one behind the other, are one.
    private var count: UInt64 = 0
    private var isOpen = true
    /// Whether it does not even begin like such a file.
    package private(set) var isOther = false
    /// Why nothing more can be read, with the byte at which that begins.
    package private(set) var damage: RecordingError?

    /// Reads from an open file, which is the caller's to close.
    package init(descriptor: Int32, name: String) {
        self.descriptor = descriptor
        self.name = name
    }

    /// Bytes of the file that were handed out.
    package var offset: UInt64 { start }

    /// The next records; `nil` at the end, or when there is ``damage``.
    package mutating func next() -> [UInt8]? {
        var used = 0
        var chunk: [UInt8] = []
        while damage == nil, chunk.count < Self.chunkByteCount {
            let record = unsafe TransferRecord(
                buffer.span.bytes.extracting(used..<buffer.count)
            )
            switch record {
            case .whole(.checkpoint(let end), _, let byteCount):
                if end.position == count {
                    used += byteCount
                    (count, isOpen) = (0, false)
                } else {
                    note(used, "\(end.position) records should lie before it, not \(count)")
                }
            case .whole(_, _, let byteCount):
                chunk += buffer[used..<used + byteCount]
                used += byteCount
                count += 1
                isOpen = true
            case .damaged(let reason): note(used, reason)
            case .more(let byteCount):
                if !hasEnded {
                    read(atLeast: used + byteCount)
                } else if used < buffer.count {
                    note(used, "the file is cut off within a record", isCutOff: true)
                } else if isOpen {
                    note(
                        used,
                        "the file is cut off: the record that ends it is missing",
                        isCutOff: true
                    )
                } else {
                    advance(used)
                    return chunk.isEmpty ? nil : chunk
                }
            }
        }
        advance(used)
        return chunk.isEmpty ? nil : chunk
    }

    private mutating func advance(_ used: Int) {
        buffer.removeFirst(used)
        start += UInt64(used)
    }

    private mutating func note(_ used: Int, _ reason: String, isCutOff: Bool = false) {
        isOther = start == 0 && used == 0 && !buffer.starts(with: [0x5A, 0x57])
        let place = "\(name) at byte \(start + UInt64(used))"
        damage = RecordingError(
            .damaged,
            isCutOff ? "\(place): \(reason)" : "\(place): the record there is damaged: \(reason)"
        )
    }

    private mutating func read(atLeast byteCount: Int) {
        while buffer.count < byteCount, !hasEnded {
            var failure: Int32 = 0
            let more = unsafe [UInt8](unsafeUninitializedCapacity: Self.readByteCount) {
                let got = unsafe Foundation.read(descriptor, $0.baseAddress, Self.readByteCount)
                failure = got < 0 ? errno : 0
                $1 = max(0, got)
            }
            if failure == EINTR { continue }
            if failure != 0 {
                let reason = unsafe String(cString: strerror(failure)).lowercased()
                damage = RecordingError(.failed, "\(name) cannot be read: \(reason)")
                return
            }
            hasEnded = more.isEmpty
            buffer += more
        }
    }
}
