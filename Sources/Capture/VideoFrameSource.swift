import Foundation
import Imaging

/// Whatever OpenCV plays: a file, a device, a network stream.
final class VideoFrameSource: FrameSource {
    let isLive: Bool
    let framesPerSecond: Double
    let summary: String

    private let location: SourceLocation
    private let loops: Bool
    private let coder: FrameCoder
    private var video: VideoSource
    private var limiter: RateLimiter?
    /// Frames that the file says it has; `nil` for a live source, and when it does not say.
    private let announced: Int?
    /// Frames since the video was opened: an empty file must not loop.
    private var given = 0
    private var hasSaidCutShort = false

    private static let defaultFramesPerSecond = 25.0

    init(
        _ location: SourceLocation,
        _ settings: SourceSettings,
        now: @escaping () -> Int64
    ) throws(CaptureError) {
        let video = try Self.open(location)
        let count = video.frameCount
        let ownPace = video.framesPerSecond
        self.location = location
        loops = settings.loops
        coder = FrameCoder(settings, now: now)
        // A video fetched over http has an end and no clock of its own.
        if case .video = location {
            isLive = false
        } else if case .address(let address) = location, address.hasPrefix("http"), count != nil {
            isLive = false
        } else {
            isLive = true
        }
        let pace = settings.framesPerSecond ?? ownPace ?? Self.defaultFramesPerSecond
        framesPerSecond = pace
        announced = isLive ? nil : count
        if isLive { limiter = settings.framesPerSecond.map { RateLimiter(framesPerSecond: $0) } }
        let length = isLive ? "" : count.map { " of \($0) frames" } ?? ""
        let rate = isLive ? "" : ", \(Self.text(pace)) frames/s"
        summary = "\(Self.name(location))\(length)\(rate)"
        self.video = video
    }

    func next() throws(CaptureError) -> Captured {
        while true {
            do throws(ImagingError) {
                if let image = try video.read() {
                    given += 1
                    if limiter?.passes(at: coder.now()) == false { continue }
                    return .frame(try coder.frame(image))
                }
            } catch {
                throw .unusable("\(Self.name(location)) cannot be read: \(error.reason)")
            }
            if isLive {
                throw .unusable("\(Self.name(location)) gives no more frames")
            }
            if let sentence = shortfall() { return .cutShort(sentence) }
            guard loops, given > 0 else { return .end }
            given = 0
            video = try Self.open(location)
        }
    }

    /// What to say when clearly fewer frames came than were announced, once.
    ///
    /// The number is an estimate in many formats, so a few do not count.
    private func shortfall() -> String? {
        guard let announced, !hasSaidCutShort else { return nil }
        guard given < announced - 5, given < announced - announced / 20 else { return nil }
        hasSaidCutShort = true
        return """
            \(Self.name(location)) broke off after \(given) of the \(announced) frames that it \
            announces: is the file damaged, or not all of it here?
            """
    }

    private static func open(_ location: SourceLocation) throws(CaptureError) -> VideoSource {
        if case .device(let index) = location,
            !FileManager.default.fileExists(atPath: name(location))
        {
            throw .missing(
                "there is no device \(name(location)): is the camera plugged in, and is \(index) its "
                    + "number (ls /dev/video*)?"
            )
        }
        do throws(ImagingError) {
            switch location {
            case .device(let index): return try VideoSource(openingDevice: index)
            case .address(let text), .video(let text): return try VideoSource(opening: text)
            case .synthetic, .directory, .image:
                preconditionFailure("\(location) is no video")
            }
        } catch {
            throw .missing(
                "the source \(name(location)) does not open: OpenCV \(OpenCV.version) finds no "
                    + "video there that it can play"
            )
        }
    }

    private static func name(_ location: SourceLocation) -> String {
        switch location {
        case .synthetic: "synthetic"
        case .device(let index): "/dev/video\(index)"
        case .address(let text): withoutPassword(text)
        case .directory(let text), .image(let text), .video(let text): text
        }
    }

    /// An address as it may stand in a log: `rtsp://user:secret@host` loses what is before the `@`.
    private static func withoutPassword(_ address: String) -> String {
        guard let scheme = address.range(of: "://") else { return address }
        let rest = address[scheme.upperBound...]
        let host = rest.prefix { $0 != "/" }
        guard let at = host.lastIndex(of: "@") else { return address }
        return address[..<scheme.upperBound] + "…@" + rest[rest.index(after: at)...]
    }

    private static func text(_ value: Double) -> String {
        value == value.rounded() ? String(Int(value)) : String((value * 100).rounded() / 100)
    }
}

/// Lets at most so many frames a second through.
struct RateLimiter {
    private let interval: Int64
    private var next: Int64?

    init(framesPerSecond: Double) { interval = Int64(1e9 / framesPerSecond) }

    /// Whether the frame of this moment, in nanoseconds, may pass.
    mutating func passes(at now: Int64) -> Bool {
        guard let due = next else {
            next = now + interval
            return true
        }
        // A tenth of an interval early is on time, or half the frames of a source that is as fast
        // as the limit would be lost to jitter. A clock that was set back is not waited for.
        if now < due - interval / 10, due - now <= 2 * interval { return false }
        // After a pause the beat starts anew; otherwise it keeps its average.
        next = abs(now - due) > interval ? now + interval : due + interval
        return true
    }
}
