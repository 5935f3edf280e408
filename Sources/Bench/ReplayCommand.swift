import ArgumentParser
import Foundation
import Service
import Wire

/// `bench replay`: how fast what is archived goes through another group.
struct ReplayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Archive frames, and replay them through a new group as fast as it goes."
    )

    @Option(hinting: "Frames in all.")
    var frames = 20_000

    @Option(hinting: "Streams.")
    var cameras = 2

    @Option(hinting: "Workers, all of one group.")
    var workers = 2

    @OptionGroup var stand: StandOptions
    @OptionGroup var pictures: PictureOptions
    @OptionGroup var printing: PrintOptions

    func validate() throws {
        guard !stand.noArchive else { throw ValidationError("a replay wants an archive") }
        guard frames >= 1, (1...1_000).contains(cameras), (1...1_024).contains(workers) else {
            throw ValidationError("it takes frames, 1 to 1,000 cameras and 1 to 1,024 workers")
        }
    }

    func run() throws {
        let stop = try StopSignal()
        let pictures = try pictures.load()
        let logger = printing.logger
        let (archived, played) = try stand.withStand { stand in
            let recording = Load.recording(frames, on: stand, cameras: cameras, pictures)
            let archived = try recording.run(stop: stop, logger: logger)
            guard archived.trouble.isEmpty else { throw Failure(.general, archived.trouble) }
            var playing = Load.playing(on: stand, workers: workers, pictures)
            playing.frames = frames
            let played = try playing.run(stop: stop, logger: logger) { _ in
                try stand.startReplay()
            }
            guard played.trouble.isEmpty else { throw Failure(.general, played.trouble) }
            return (archived, played)
        }
        var report = Report()
        report.add("frames", "frames", frames)
        report.add("size", "bytes a frame", pictures.byteCount)
        report.add("stand", "archive", stand.words)
        report.add(
            "archived_per_second",
            "archived",
            .number(archived.framesPerSecond),
            "\(Readable.count(Int(archived.framesPerSecond))) frames/s"
        )
        report.addRate(played.duration, played.framesPerSecond, bytes: pictures.byteCount)
        report.addSurroundings()
        try report.show(json: printing.json)
    }
}

extension Load {
    /// Cameras that archive so many frames, of streams that no other load has.
    static func recording(
        _ frames: Int,
        on stand: Stand,
        cameras: Int,
        _ pictures: Pictures
    ) -> Load {
        var load = Load(
            on: stand,
            cameras: cameras,
            workers: 0,
            pictures: pictures,
            acknowledgement: .archive
        )
        for index in load.cameras.indices {
            load.cameras[index].stream = "recorded/\(index + 1)"
            load.cameras[index].count = frames / cameras + (index < frames % cameras ? 1 : 0)
        }
        return load
    }

    /// Workers of a group that gets replays alone.
    static func playing(on stand: Stand, workers: Int, _ pictures: Pictures) -> Load {
        var load = Load(
            on: stand,
            cameras: 0,
            workers: workers,
            pictures: pictures,
            acknowledgement: .archive
        )
        for index in load.workers.indices {
            load.workers[index].name = "again-\(index + 1)"
            load.workers[index].group = GroupDefinition(name: "again", patterns: [])
        }
        return load
    }
}

extension Stand {
    /// Replays everything that ``Load/recording(_:on:cameras:_:)`` has archived, as fast as it goes.
    func startReplay() throws {
        let all = ["replay", "--stream", "recorded/*", "--group", "again"]
        _ = try ask(all + ["--pace", "max", "--detach"])
    }
}
