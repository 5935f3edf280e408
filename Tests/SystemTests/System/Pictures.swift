import Foundation
import Imaging
import TestSupport
import Testing

/// A directory of JPEG files, each different, which a camera passes through untouched.
struct Pictures {
    /// The directory.
    let path: String
    /// The files' contents, in the order in which a camera sends them.
    let files: [Data]

    /// Writes `count` files into a new directory.
    init(count: Int, in directory: TemporaryDirectory) throws {
        let folder = directory.url.appending(path: "pictures")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        path = folder.path
        files = try (0..<count).map { number in
            var image = try Image(width: 160, height: 120)
            try image.draw((number % 140, number % 100, 20, 20), colour: UInt32(number * 977))
            try image.draw(
                "\(number)",
                at: (x: 10, y: 100),
                scale: 1,
                colour: 0xff_ffff,
                thickness: 2
            )
            let data = Data(try image.encodeJPEG(quality: 80))
            try data.write(to: folder.appending(path: "\(number).jpg"))
            return data
        }
    }

    /// What `archive export` gives back of the stream `test`, in order.
    func exported(
        from system: System,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> [Data] {
        let folder = system.directory.url.appending(path: "export-\(UInt32.random(in: 0 ... .max))")
        let result = try await system.command(
            "archive",
            ["export", "--data", system.data, "--stream", "test", "--out", folder.path]
        )
        _ = try result.checkedOutput(sourceLocation)
        let manager = FileManager.default
        let names = try manager.subpathsOfDirectory(atPath: folder.path)
            .filter { $0.hasSuffix(".jpg") }
        return try names.sorted { $0.compare($1, options: .numeric) == .orderedAscending }
            .map { try Data(contentsOf: folder.appending(path: $0)) }
    }
}
