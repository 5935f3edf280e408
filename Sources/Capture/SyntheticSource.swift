import Imaging

/// A moving test picture: colour bars, a box that wanders, and the frame's number.
final class SyntheticSource: FrameSource {
    let isLive = false
    let framesPerSecond: Double
    let summary: String

    private let size: (width: Int, height: Int)
    private let coder: FrameCoder
    private var number = 0

    private static let defaultFramesPerSecond = 25.0
    private static let bars: [UInt32] = [
        0xc0_c0c0, 0xc0_c000, 0x00_c0c0, 0x00_c000, 0xc0_00c0, 0xc0_0000, 0x00_00c0,
    ]

    init(_ settings: SourceSettings, now: @escaping () -> Int64) throws(CaptureError) {
        size = settings.size ?? (640, 480)
        framesPerSecond = settings.framesPerSecond ?? Self.defaultFramesPerSecond
        coder = FrameCoder(settings, now: now)
        summary = "a synthetic picture of \(size.width) x \(size.height)"
    }

    func next() throws(CaptureError) -> Captured {
        do throws(ImagingError) {
            defer { number += 1 }
            return .frame(try coder.frame(draw()))
        } catch {
            throw .unusable("\(error)")
        }
    }

    private func draw() throws(ImagingError) -> Image {
        var image = try Image(width: size.width, height: size.height)
        let barWidth = size.width / Self.bars.count + 1
        for (index, colour) in Self.bars.enumerated() {
            try image.draw((index * barWidth, 0, barWidth, size.height), colour: colour)
        }
        let side = max(8, size.height / 6)
        let box = (
            x: Self.bounce(number * 4, within: size.width - side),
            y: Self.bounce(number * 3, within: size.height - side),
            width: side, height: side
        )
        try image.draw(box, colour: 0xff_ffff)
        let scale = Double(size.height) / 240
        let band = Int(40 * scale)
        try image.draw((0, size.height - band, size.width, band), colour: 0)
        try image.draw(
            "frame \(number)",
            at: (x: band / 4, y: size.height - band / 4),
            scale: scale,
            colour: 0xff_ffff,
            thickness: max(1, Int(scale * 2))
        )
        return image
    }

    /// Goes from 0 to `limit` and back as `value` grows.
    private static func bounce(_ value: Int, within limit: Int) -> Int {
        guard limit > 0 else { return 0 }
        let place = value % (2 * limit)
        return place <= limit ? place : 2 * limit - place
    }
}
