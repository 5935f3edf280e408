import Capture
import Foundation
import Imaging
import Service
import Wire

/// What the cameras of a load send, over and over.
struct Pictures: Sendable {
    /// Different payloads when they are made here.
    static let made = 32

    /// One payload with its format and its size in pixels.
    struct Picture: Sendable {
        let payload: [UInt8]
        let format: Frame.Format
        let width: Int
        let height: Int
    }

    private(set) var all: [Picture]

    /// Mean size of a payload in bytes.
    let byteCount: Int

    /// Gray pictures of noise, which nothing on the way can compress.
    ///
    /// - Parameter byteCount: Bytes of each, 1 or more.
    /// - Throws: A ``Failure`` when no picture has so many pixels.
    init(byteCount: Int) throws(Failure) {
        guard let (width, height) = Self.sides(byteCount) else {
            throw Failure(.usage, "no gray picture has \(byteCount) pixels: choose another --size")
        }
        self.byteCount = byteCount
        var random = UInt64(byteCount)
        all = (0..<Self.made).map { _ in
            var payload = [UInt8](repeating: 0, count: byteCount)
            for index in payload.indices {
                // A linear congruential generator; its upper bits are noise enough.
                random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                payload[index] = UInt8(truncatingIfNeeded: random >> 56)
            }
            return Picture(payload: payload, format: .gray8, width: width, height: height)
        }
    }

    /// The same in memory of their own, if they are small: cameras share no memory, and counting who uses
    /// a common picture would be much of the work.
    var copied: Pictures {
        guard byteCount * all.count <= 1 << 20 else { return self }
        var copy = self
        copy.all = all.map { picture in
            Picture(
                payload: picture.payload.map { $0 },
                format: picture.format,
                width: picture.width,
                height: picture.height
            )
        }
        return copy
    }

    /// The JPEGs of a directory, in the order of their names.
    ///
    /// - Throws: A ``Failure`` when there are none.
    init(directory: String) throws(Failure) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        let all: [Picture] = names.sorted().compactMap { name in
            guard let data = FileManager.default.contents(atPath: directory + "/" + name) else {
                return nil
            }
            let payload = [UInt8](data)
            guard let header = unsafe ImageHeader(probing: payload.span.bytes),
                header.format == .jpeg
            else { return nil }
            return Picture(
                payload: payload,
                format: .jpeg,
                width: header.width,
                height: header.height
            )
        }
        guard !all.isEmpty else {
            throw Failure(.missingInput, "\(directory) has no JPEGs")
        }
        self.all = all
        byteCount = all.reduce(0) { $0 + $1.payload.count } / all.count
    }

    /// The frame with a number, as a camera makes it: its payload is hashed anew each time.
    func frame(_ number: Int, capturedAt: Int64) -> CapturedFrame {
        let picture = all[number % all.count]
        return CapturedFrame(
            payload: picture.payload,
            format: picture.format,
            width: picture.width,
            height: picture.height,
            capturedAt: capturedAt
        )
    }

    /// The sides of a picture of so many pixels, as few rows as there can be.
    static func sides(_ pixels: Int) -> (width: Int, height: Int)? {
        let longest = Int(Limits.imageSidePixels)
        guard pixels > 0, pixels <= Limits.imagePixels else { return nil }
        let least = (pixels + longest - 1) / longest
        let height = (least...longest).first { pixels.isMultiple(of: $0) }
        return height.map { (pixels / $0, $0) }
    }
}
