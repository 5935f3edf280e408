internal import Wire

/// The first record of a stretch of a transfer file, with everything about it checked.
///
/// Pure. Such a file is FRAME, RESULT and GAP records one behind the other; a CHECKPOINT without a
/// payload, whose position counts them, is its end, so that a file that was cut off can be told.
package enum TransferRecord: Sendable, Equatable {
    /// It is whole.
    case whole(LogRecord, headerByteCount: Int, byteCount: Int)
    /// So many bytes are needed to tell more.
    case more(byteCount: Int)
    /// It is not what was written, or does not belong here, and why that is known.
    case damaged(String)

    /// Looks at the record that `bytes` begin with.
    package init(_ bytes: RawSpan) {
        guard bytes.byteCount >= Limits.prefixByteCount else {
            self = .more(byteCount: Limits.prefixByteCount)
            return
        }
        do throws(WireError) {
            self = try Self.read(bytes, try Header(bytes))
        } catch .truncated {
            let length = unsafe UInt32(
                littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: 4, as: UInt32.self)
            )
            // A header that is whole and still too short for its fields will not get any better.
            self =
                Int(length) > bytes.byteCount
                ? .more(byteCount: Int(length)) : .damaged(WireError.truncated.description)
        } catch {
            self = .damaged(error.description)
        }
    }

    private static func read(_ bytes: RawSpan, _ header: Header) throws(WireError) -> Self {
        var byteCount = header.byteCount
        switch try LogRecord(decoding: bytes) {
        case .frame(let frame): byteCount += Int(frame.byteCount)
        case .result: break
        case .gap(let gap) where gap.group.isEmpty: break
        case .checkpoint(let end) where end.byteCount == 0: break
        default: return .damaged("a \(header.type) record does not belong into such a file")
        }
        guard byteCount <= bytes.byteCount else { return .more(byteCount: byteCount) }
        switch CheckedRecord(bytes.extracting(0..<byteCount)) {
        case .good(let record, let headerByteCount):
            return .whole(record, headerByteCount: headerByteCount, byteCount: byteCount)
        case .damaged(let reason): return .damaged(reason)
        }
    }

    /// The record that ends a file of `count` others.
    package static func end(count: UInt64) -> [UInt8] {
        Checkpoint(position: count, byteCount: 0, payloadHash: xxh3(RawSpan())).encoded()
    }
}
