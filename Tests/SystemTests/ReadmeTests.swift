import Foundation
import TestSupport
import Testing

/// What README.md tells people to type.
@Suite(.serialized, .lastWords)
struct ReadmeTests {
    @Test func everyCommandWorksWhileTheDemoRuns() async throws {
        let demo = try Demo()
        let readme = try String(
            contentsOf: Shell.root.appending(path: "README.md"),
            encoding: .utf8
        )
        let commands = Self.blocks("sh", of: readme).filter { !$0.hasPrefix("make ") }
        #expect(commands.count >= 5)
        let script = """
            '\(Shell.root.path)/deploy/demo.sh' >demo.log 2>&1 & demo=$!
            trap 'kill $demo 2>/dev/null || true' EXIT
            seen() { .build/release/archive sql --json \
                "SELECT 1 FROM detections WHERE stream='$1' AND label='$2' LIMIT 1" | grep -q 1; }
            until seen campus person && seen kiosk face; do
                kill -0 $demo || { cat demo.log; exit 1; }
                sleep 0.2
            done 2>/dev/null
            echo '-- the demo runs'
            set -x
            \(commands.joined(separator: "\n"))
            set +x
            kill $demo
            trap - EXIT
            wait $demo || { cat demo.log; exit 1; }
            """
        try await Machine.shared.use(.whole) {
            let result = try await Shell.run(
                script,
                in: demo.directory.url,
                environment: demo.environment,
                seconds: 300
            )
            #expect(result.exitCode == 0, Comment(rawValue: result.output + demo.logs))
        }
        #expect(demo.processesLeft() == [])
    }

    @Test func theOtherPagesHaveNoCommandsThatNothingRuns() throws {
        // These build the project and run these very tests.
        let known = ["make build\nmake test\n"]
        for page in try Self.pages() where page != "README.md" {
            let text = try String(contentsOf: Shell.root.appending(path: page), encoding: .utf8)
            for block in Self.blocks("sh", of: text) { #expect(known.contains(block), "\(page)") }
        }
    }

    @Test func everyQueryOfThePagesIsUnderstood() async throws {
        try await System.run { system in
            try await system.startArchive().says("serving")
            try await system.waitFor(0, "SELECT COUNT(*) FROM frames")
            var count = 0
            for page in try Self.pages() {
                let text = try String(contentsOf: Shell.root.appending(path: page), encoding: .utf8)
                for query in Self.blocks("sql", of: text) {
                    _ = try await system.rows(query)
                    count += 1
                }
            }
            #expect(count >= 5)
        }
    }

    @Test func everyLinkBetweenThePagesLeadsSomewhere() throws {
        for page in try Self.pages() {
            let url = Shell.root.appending(path: page)
            let text = try String(contentsOf: url, encoding: .utf8)
            for link in text.matches(of: /\]\(([^)#:]+)\)/).map({ String($0.1) }) {
                let target = url.deletingLastPathComponent().appending(path: link)
                let exists = FileManager.default.fileExists(atPath: target.standardizedFileURL.path)
                #expect(exists, "\(page) links to \(link)")
            }
        }
    }

    /// The pages written for people, from the project's root.
    private static func pages() throws -> [String] {
        let docs = try FileManager.default.subpathsOfDirectory(
            atPath: Shell.root.appending(path: "docs").path
        )
        return docs.filter { $0.hasSuffix(".md") }.map { "docs/" + $0 }
            + ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"]
    }

    /// The contents of the fenced blocks in a language, in their order.
    private static func blocks(_ language: String, of page: String) -> [String] {
        page.matches(of: /(?ms)^```([a-z]+)\n(.*?)^```$/).filter { $0.1 == language }
            .map { String($0.2) }
    }
}
