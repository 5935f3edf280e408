internal import Synchronization
internal import Wire

/// Where the frames of a segment without a written index lie, in memory.
final class MemoryIndex: Sendable {
    struct Entry: Sendable {
        let place: Place
        let position: UInt64
    }

    private let streams = Mutex<[String: [Entry]]>([:])

    /// Adds frames that were committed; each lies behind those of its stream already here.
    func append(_ frames: [(id: FrameID, position: UInt64)]) {
        guard !frames.isEmpty else { return }
        streams.withLock { streams in
            for frame in frames {
                let entry = Entry(place: frame.id.place, position: frame.position)
                streams[frame.id.stream, default: []].append(entry)
            }
        }
    }

    /// The position of a frame, if it is here.
    func position(of stream: String, _ place: Place) -> UInt64? {
        streams.withLock { streams in
            guard let entries = streams[stream] else { return nil }
            var (low, high) = (0, entries.count)
            while low < high {
                let middle = (low + high) / 2
                if entries[middle].place < place { low = middle + 1 } else { high = middle }
            }
            guard low < entries.count, entries[low].place == place else { return nil }
            return entries[low].position
        }
    }

    /// Whether there is none.
    var isEmpty: Bool { streams.withLock { $0.isEmpty } }

    /// Everything, by stream.
    var content: [String: [Entry]] { streams.withLock { $0 } }
}

/// The key of a frame in a written index: sorts by stream, then by place.
enum IndexKey {
    /// The stream's name, a zero byte, then epoch and sequence, big-endian.
    static func bytes(stream: String, _ place: Place) -> [UInt8] {
        var bytes = Array(stream.utf8)
        bytes.reserveCapacity(bytes.count + 17)
        bytes.append(0)
        for number in [place.epoch, place.sequence] {
            for shift in stride(from: 56, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: number >> UInt64(shift)))
            }
        }
        return bytes
    }

    /// The stream and place that `key` spells, or `nil` when it spells none.
    static func decode(_ key: RawSpan) -> FrameID? {
        guard key.byteCount > 17 else { return nil }
        let nameByteCount = key.byteCount - 17
        let name = unsafe key.extracting(first: nameByteCount).withUnsafeBytes { bytes in
            unsafe String(validating: bytes, as: UTF8.self)
        }
        guard let name else { return nil }
        func number(at offset: Int) -> UInt64 {
            unsafe UInt64(
                bigEndian: key.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
            )
        }
        return FrameID(
            stream: name,
            epoch: number(at: nameByteCount + 1),
            sequence: number(at: nameByteCount + 9)
        )
    }
}
