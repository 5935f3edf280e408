import ArgumentParser
import Capture
import Logging
import Service
import Wire

/// The options about what the cameras of a load send.
struct PictureOptions: ParsableArguments {
    @Option(hinting: "Bytes of a frame, which is noise.")
    var size: ByteCount = ByteCount(50_000)

    @Option(help: "Send the JPEGs of a directory instead, over and over.")
    var pictures: String?

    func validate() throws {
        guard (1...64_000_000).contains(size.bytes) else {
            throw ValidationError("--size goes from 1 to 64,000,000 bytes")
        }
    }

    /// Makes or reads them.
    func load() throws(Failure) -> Pictures {
        guard let pictures else { return try Pictures(byteCount: size.bytes) }
        return try Pictures(directory: pictures)
    }
}

/// How a command prints.
struct PrintOptions: ParsableArguments {
    @Flag(help: "Print one JSON object for programs.")
    var json = false

    @OptionGroup var common: CommonOptions

    /// Told by the connections of a load: by hundreds of them, so that what each says when all is well
    /// is for `--log-level debug`.
    var logger: Logger {
        var logger = common.logger("bench")
        if logger.logLevel == .info { logger.logLevel = .notice }
        return logger
    }
}

/// The names of the groups and streams of loads.
enum LoadName {
    static let group = "bench"

    /// The stream of a camera, counted from 1.
    static func stream(_ number: Int) -> String { "bench/\(number)" }

    /// The camera of a stream.
    static func number(of stream: String) -> Int? {
        stream.hasPrefix("bench/") ? Int(stream.dropFirst(6)) : nil
    }
}

extension Load {
    /// Cameras in front of a stand, and workers behind it.
    init(
        on stand: Stand,
        cameras: Int,
        workers: Int,
        pictures: Pictures,
        acknowledgement: CameraWishes.Acknowledgement
    ) {
        self.cameras = (1...max(1, cameras)).prefix(cameras).map { number in
            CameraPlan(
                endpoint: stand.ingest,
                stream: LoadName.stream(number),
                pictures: pictures,
                acknowledgement: acknowledgement
            )
        }
        self.workers = (1...max(1, workers)).prefix(workers).map { number in
            WorkerPlan(
                endpoint: stand.work,
                name: "worker-\(number)",
                group: GroupDefinition(name: LoadName.group)
            )
        }
    }

    /// Spreads cameras with a rate over the time of one frame.
    mutating func setRate(_ framesPerSecond: Double) {
        for index in cameras.indices {
            cameras[index].framesPerSecond = framesPerSecond
            // Of many cameras, waking would be most of what this machine has to do.
            cameras[index].isPunctual = cameras.count <= 16
            cameras[index].phase =
                .seconds(Double(index) / Double(cameras.count) / framesPerSecond)
            cameras[index].window = .init()
        }
    }

    /// When the frames of cameras with a rate are captured, by their stream and sequence.
    func captureTimes(from beginning: @escaping @Sendable () -> Gate.Beginning?)
        -> @Sendable (String, UInt64) -> Int64?
    {
        let plans = cameras
        return { stream, sequence in
            guard let beginning = beginning(), let number = LoadName.number(of: stream),
                plans.indices.contains(number - 1),
                let rate = plans[number - 1].framesPerSecond
            else { return nil }
            let offset = plans[number - 1].phase + .seconds(Double(sequence) / rate)
            return beginning.wall + Int64(offset / .nanoseconds(1))
        }
    }
}
