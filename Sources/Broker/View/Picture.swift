import Wire

/// What of a frame goes into a file that people can open.
enum Picture {
    /// The file's extension.
    static func fileExtension(of format: Frame.Format) -> String {
        switch format {
        case .jpeg: "jpg"
        case .png: "png"
        case .bgr8: "ppm"
        case .gray8: "pgm"
        }
    }

    /// A raw frame in the portable formats of Netpbm; `nil` for one that is a picture already.
    ///
    /// Source: ppm(5), pgm(5): a line of text, then the pixels, red first.
    ///
    /// - Parameters:
    ///   - frame: What it is.
    ///   - payload: `height x width x 3` or `height x width` bytes.
    /// - Returns: The whole file.
    static func portable(_ frame: Frame, _ payload: RawSpan) -> [UInt8]? {
        let size = "\(frame.width) \(frame.height)\n255\n"
        switch frame.format {
        case .jpeg, .png: return nil
        case .gray8:
            var file = Array("P5\n\(size)".utf8)
            unsafe payload.withUnsafeBytes { unsafe file.append(contentsOf: $0) }
            return file
        case .bgr8:
            var file = Array("P6\n\(size)".utf8)
            file.reserveCapacity(file.count + payload.byteCount)
            unsafe payload.withUnsafeBytes { bytes in
                for pixel in stride(from: 0, to: bytes.count - 2, by: 3) {
                    unsafe file.append(bytes[pixel + 2])
                    unsafe file.append(bytes[pixel + 1])
                    unsafe file.append(bytes[pixel])
                }
            }
            return file
        }
    }
}
