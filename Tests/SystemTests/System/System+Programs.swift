import Foundation
import TestSupport
import Testing

extension System {
    @discardableResult
    func startBroker(_ more: [String] = []) throws -> RunningProgram {
        try start("broker", brokerArguments + more)
    }

    /// The command line of this system's broker.
    var brokerArguments: [String] {
        ["serve", "--ingest", ingest, "--work", work, "--events", events]
    }

    /// An archive of this system's broker, or of another one.
    @discardableResult
    func startArchive(broker: String? = nil) throws -> RunningProgram {
        try start("archive", ["serve", "--data", data, "--broker", broker ?? work])
    }

    @discardableResult
    func startCamera(
        _ source: String = "synthetic",
        stream: String = "test",
        _ more: [String] = [],
        broker: String? = nil,
        name: String? = nil
    ) throws -> RunningProgram {
        let arguments = ["--broker", broker ?? ingest, "--source", source, "--stream", stream]
        return try start("camera", arguments + more, name: name)
    }

    /// A camera with a small synthetic picture.
    @discardableResult
    func startCamera(
        frames: Int,
        perSecond: Int,
        stream: String = "test",
        size: String = "160x120",
        _ more: [String] = [],
        broker: String? = nil,
        name: String? = nil
    ) throws -> RunningProgram {
        let pace = ["--count", "\(frames)", "--fps", "\(perSecond)", "--size", size]
        return try startCamera(
            "synthetic",
            stream: stream,
            pace + more,
            broker: broker,
            name: name
        )
    }

    @discardableResult
    func startWorker(
        _ group: String,
        detector: String = "none",
        policy: String = "durable",
        name: String = "worker",
        _ more: [String] = []
    ) throws -> RunningProgram {
        let arguments = [
            "--broker", work, "--group", group, "--detector", detector, "--policy", policy,
            "--name", name,
        ]
        return try start("worker", arguments + more, name: name)
    }

    // MARK: Looking into it

    /// What a broker says of itself.
    func status(sourceLocation: SourceLocation = #_sourceLocation) async throws -> BrokerStatus {
        let result = try await command("broker", ["status", "--json", "--events", events])
        let text = try result.checkedOutput(sourceLocation)
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(BrokerStatus.self, from: Data(text.utf8))
    }

    /// The rows that `archive sql` answers a question with.
    func rows(
        _ sql: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> [[String: SQLValue]] {
        let result = try await command("archive", ["sql", "--data", data, "--json", sql])
        let text = try result.checkedOutput(sourceLocation)
        return try JSONDecoder().decode([[String: SQLValue]].self, from: Data(text.utf8))
    }

    /// The number that `archive sql` answers a question with.
    func number(
        _ sql: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> Int {
        let rows = try await rows(sql, sourceLocation: sourceLocation)
        guard let value = rows.first?.first?.value, case .number(let number) = value else {
            throw GaveUp("no number: \(sql)", sourceLocation)
        }
        return Int(number)
    }

    /// How many frames of its only stream the broker says are in the archive.
    func acknowledged(sourceLocation: SourceLocation = #_sourceLocation) async throws -> Int {
        let streams = try await status(sourceLocation: sourceLocation).streams
        guard streams.count == 1, let next = streams.first?.archivedNext else {
            throw GaveUp("\(streams.count) streams, not one", sourceLocation)
        }
        return Int(next)
    }

    /// Waits until the question is answered with the number `expected`.
    func waitFor(
        _ expected: Int,
        _ sql: String,
        within limit: Duration = System.patience,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        var last: Int?
        do {
            try await until(sql, within: limit, sourceLocation: sourceLocation) {
                // Before the archive has begun there is no catalog to ask.
                last = try? await number(sql)
                return last == expected
            }
        } catch let error as GaveUp {
            let found = last.map { "\($0)" } ?? "no answer"
            throw GaveUp("\(error.sentence): \(found), not \(expected)", sourceLocation)
        }
    }
}

/// A value of the catalog.
enum SQLValue: Decodable, Equatable, Sendable {
    case null
    case number(Double)
    case text(String)

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let number = try? container.decode(Double.self) {
            self = .number(number)
        } else {
            self = .text(try container.decode(String.self))
        }
    }
}

/// What tests read of `broker status --json`.
struct BrokerStatus: Decodable, Sendable {
    struct Stream: Decodable, Sendable {
        let stream: String
        let isLive: Bool
        let frames: Int
        let archivedNext: Int
    }

    struct Group: Decodable, Sendable {
        let group: String
        let workers: Int
        let published: Int
        let completed: Int
        let failed: Int
        let shed: Int
        let superseded: Int
        let dead: Int
        let pending: Int

        private enum CodingKeys: CodingKey {
            case group, workers, published, completed, failed, shed, superseded, dead, pending
        }

        /// Numbers that the broker does not know yet are 0.
        init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: CodingKeys.self)
            func number(_ key: CodingKeys) throws -> Int {
                try values.decodeIfPresent(Int.self, forKey: key) ?? 0
            }
            group = try values.decode(String.self, forKey: .group)
            workers = try values.decode(Int.self, forKey: .workers)
            published = try number(.published)
            completed = try number(.completed)
            failed = try number(.failed)
            shed = try number(.shed)
            superseded = try number(.superseded)
            dead = try number(.dead)
            pending = try number(.pending)
        }

        /// Whether every frame offered to the group is accounted for.
        var isBalanced: Bool { published == completed + shed + superseded + dead + pending }
    }

    struct Worker: Decodable, Sendable {
        let group: String
        let name: String
        let leased: Int
        let answered: Int
    }

    let payloadBytes: Int
    let hasArchive: Bool
    let uncommittedMessages: Int
    let streams: [Stream]
    let groups: [Group]
    let workers: [Worker]
}

extension Finished {
    /// What follows `error: ` on the one line of stderr that begins with it, or all of stderr.
    var complaint: String {
        let prefix = "error: "
        let complaints = log.filter { $0.hasPrefix(prefix) }
        guard complaints.count == 1 else { return log.joined(separator: "\n") }
        return String(complaints[0].dropFirst(prefix.count))
    }

    /// All of stdout, of a command that has done its work.
    func checkedOutput(_ sourceLocation: SourceLocation) throws -> String {
        guard exitCode == 0 else {
            let sentence =
                "exit code \(exitCode.map { "\($0)" } ?? "-"): \(log.joined(separator: " "))"
            throw GaveUp(sentence, sourceLocation)
        }
        return output.joined(separator: "\n")
    }
}
