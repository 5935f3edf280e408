/// What the first bytes of an encoded image say, read without decoding it.
package struct ImageHeader: Sendable, Equatable {
    /// How the image is encoded.
    package enum Format: Sendable, Equatable {
        case jpeg
        case png
    }

    package let format: Format
    /// Pixels as stored, before ``orientation`` is applied.
    package let width: Int
    /// Pixels as stored, before ``orientation`` is applied.
    package let height: Int
    /// EXIF's tag 0x0112: 1 is upright, 2 to 8 are mirrored or turned.
    package let orientation: Int

    /// Reads the header of a JPEG or PNG image.
    ///
    /// It is `nil` when the bytes are neither, or break off before the size.
    ///
    /// - Parameter bytes: The whole image; a JPEG's size may stand far from its start.
    package init?(probing bytes: RawSpan) {
        if bytes.byteCount >= 24, Self.isPNG(bytes) {
            format = .png
            width = bytes.bigEndian32(at: 16)
            height = bytes.bigEndian32(at: 20)
            orientation = 1
        } else if let scan = JPEGScan(bytes) {
            format = .jpeg
            width = scan.width
            height = scan.height
            orientation = scan.orientation
        } else {
            return nil
        }
        guard width > 0, height > 0 else { return nil }
    }

    /// Whether a JPEG ends as it should: with the end-of-image marker, padding aside.
    ///
    /// libjpeg fills what is missing with grey and only warns, which would pass a broken frame off
    /// as a good one.
    package static func isCompleteJPEG(_ bytes: RawSpan) -> Bool {
        var end = bytes.byteCount
        while end > 0, bytes.byte(at: end - 1) == 0 { end -= 1 }
        return end >= 4 && bytes.byte(at: end - 2) == 0xff && bytes.byte(at: end - 1) == 0xd9
    }

    private static let signature: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]

    private static func isPNG(_ bytes: RawSpan) -> Bool {
        signature.indices.allSatisfy { bytes.byte(at: $0) == signature[$0] }
            && bytes.bigEndian32(at: 12) == 0x4948_4452  // "IHDR"
    }
}

/// The markers of a JPEG file up to the frame header (ITU-T T.81, annex B).
private struct JPEGScan {
    var width = 0
    var height = 0
    var orientation = 1

    init?(_ bytes: RawSpan) {
        let count = bytes.byteCount
        guard count >= 4, bytes.byte(at: 0) == 0xff, bytes.byte(at: 1) == 0xd8 else { return nil }
        var offset = 2
        while offset + 4 <= count {
            guard bytes.byte(at: offset) == 0xff else { return nil }
            let marker = bytes.byte(at: offset + 1)
            if marker == 0xff {  // A fill byte before the marker.
                offset += 1
                continue
            }
            if marker == 0x01 || (0xd0...0xd7).contains(marker) {  // No segment follows these.
                offset += 2
                continue
            }
            if marker == 0xd9 || marker == 0xda { return nil }
            let length = bytes.bigEndian16(at: offset + 2)
            guard length >= 2, offset + 2 + length <= count else { return nil }
            if Self.isFrameHeader(marker) {
                guard length >= 8 else { return nil }
                height = bytes.bigEndian16(at: offset + 5)
                width = bytes.bigEndian16(at: offset + 7)
                return
            }
            if marker == 0xe1,
                let found = EXIF.orientation(in: bytes, from: offset + 4, to: offset + 2 + length)
            {
                orientation = found
            }
            offset += 2 + length
        }
        return nil
    }

    /// SOF0 to SOF15, without the three markers that lie between: DHT, JPG and DAC.
    private static func isFrameHeader(_ marker: UInt8) -> Bool {
        (0xc0...0xcf).contains(marker) && ![0xc4, 0xc8, 0xcc].contains(marker)
    }
}
