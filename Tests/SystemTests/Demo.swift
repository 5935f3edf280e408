import Foundation
import TestSupport

/// A directory that looks to README.md's commands like the project after `make run`: the data is to be
/// in `./data`, and the programs are in `.build/release`, set to ports of their own.
struct Demo {
    let directory: TemporaryDirectory
    let environment: [String: String]

    private let port: Int

    init() throws {
        directory = try TemporaryDirectory()
        port = try Ports.free(count: 3).required("three free ports")
        let programs = directory.url.appending(path: ".build/release")
        try FileManager.default.createDirectory(at: programs, withIntermediateDirectories: true)
        let variables = [
            "archive": "ZOETROPE_BROKER=tcp://127.0.0.1:\(port + 1)",
            "broker": "ZOETROPE_STATUS_EVENTS=tcp://127.0.0.1:\(port + 2) "
                + "ZOETROPE_BROKER=tcp://127.0.0.1:\(port + 1)",
            "camera": "ZOETROPE_BROKER=tcp://127.0.0.1:\(port)",
            "worker": "ZOETROPE_BROKER=tcp://127.0.0.1:\(port + 1)",
        ]
        for (name, variable) in variables {
            let script = "#!/bin/sh\n\(variable) exec '\(Shell.programs.path)/\(name)' \"$@\"\n"
            let url = programs.appending(path: name)
            try script.write(to: url, atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o755],
                ofItemAtPath: url.path
            )
        }
        environment = [
            "BIN": Shell.programs.path,
            "DATA": directory.url.appending(path: "data").path,
            "PORT": "\(port)",
            "CAMERA": "",
            "WORKERS": "1",
        ]
    }

    /// The last lines of each service's log.
    var logs: String {
        let folder = directory.url.appending(path: "data/logs")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.sorted().map { name in
            let text = try? String(contentsOf: folder.appending(path: name), encoding: .utf8)
            let lines = (text ?? "").split(separator: "\n").suffix(5)
            return "== \(name)\n" + lines.joined(separator: "\n")
        }
        .joined(separator: "\n")
    }

    /// The command lines of processes that name this demo's ports or directory.
    func processesLeft() -> [String] {
        let ids = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return ids.filter { Int($0) != nil }.compactMap { id in
            guard let data = FileManager.default.contents(atPath: "/proc/\(id)/cmdline") else {
                return nil
            }
            let line = String(decoding: data, as: UTF8.self).replacing("\0", with: " ")
            let marks = (port...port + 2).map { ":\($0) " } + [directory.path]
            return marks.contains { line.contains($0) } ? line : nil
        }
    }
}

extension Optional {
    /// The value.
    ///
    /// - Throws: ``Missing`` when there is none.
    func required(_ what: String) throws -> Wrapped {
        guard let self else { throw Missing(what: what) }
        return self
    }
}

/// Something that a test cannot do without.
struct Missing: Error {
    let what: String
}
