import Foundation
import TestSupport
import Testing

/// A disk without room: said as far as the camera, nothing lost, and it goes on by itself.
@Suite(.lastWords)
struct FullDiskTests {
    @Test(
        .enabled(if: ArchiveDamageTests.canMount, "needs the right to mount a small disk"),
        arguments: [["--keep-free", "4MiB"], []]
    )
    func framesWaitForRoomAndTheirCameraIsToldWhy(options: [String]) async throws {
        try await System.run { system in
            try system.startBroker()
            let pictures = try Pictures(count: 120, in: system.directory)
            try FileManager.default.createDirectory(
                atPath: system.data,
                withIntermediateDirectories: true
            )
            let room = system.directory.url.appending(path: "room").path
            let stop = system.directory.url.appending(path: "stop").path
            // Without --keep-free the disk itself is full, but for what the archive begins with.
            let filler = options.isEmpty ? "head -c 11500K" : "head -c 8500K"
            let script = """
                archive='\(Shell.programs.appending(path: "archive").path)'
                data='\(system.data)'
                mount -t tmpfs -o size=12m disk "$data" || exit 9
                "$archive" serve --data "$data" --broker \(system.work) \
                    \(options.joined(separator: " ")) & pid=$!
                while [ ! -e "$data/catalog.sqlite" ]; do sleep 0.05; done
                \(filler) /dev/zero > "$data/filler" 2>/dev/null
                while [ ! -e '\(room)' ]; do sleep 0.05; done
                rm "$data/filler"
                while [ ! -e '\(stop)' ]; do sleep 0.05; done
                kill $pid
                wait $pid || exit 8
                "$archive" verify --data "$data" || exit 7
                "$archive" sql --data "$data" --json 'SELECT COUNT(*) AS n FROM frames'
                """
            let archive = try system.start(
                "/usr/bin/unshare",
                [
                    "--user", "--map-root-user", "--mount", "--pid", "--fork", "--mount-proc",
                    "--kill-child",
                    "sh", "-c", script,
                ],
                name: "archive"
            )
            let sentence = options.isEmpty ? "disk is full" : "--keep-free"
            if !options.isEmpty { try await archive.says(sentence) }
            let camera = try system.startCamera(pictures.path, ["--fps", "100"])
            try await camera.says(sentence)
            try await system.until("broker status says so") {
                let text = try await system.command(
                    "broker",
                    ["status", "--json", "--events", system.events]
                )
                return text.output.joined().contains(sentence)
            }
            try Data().write(to: URL(fileURLWithPath: room))
            // It ends when everything is acknowledged.
            #expect(try await camera.ended().exitCode == 0)
            try Data().write(to: URL(fileURLWithPath: stop))
            #expect(try await archive.ended().exitCode == 0)
            let output = archive.record.output
            #expect(output.contains { $0.contains("nothing is wrong") }, "\(output)")
            #expect(output.contains { $0.contains("\"n\":120") }, "\(output)")
        }
    }
}
