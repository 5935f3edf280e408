import FoundationEssentials
import Wire

extension StatusSnapshot {
    /// The snapshot as one line of JSON; names as on the wire, in snake case.
    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        return String(decoding: try encoder.encode(document), as: UTF8.self)
    }

    private var document: Document {
        Document(
            at: Double(broker.at) / 1e9,
            uptimeSeconds: Double(broker.uptimeMilliseconds) / 1e3,
            payloadBytes: broker.payloadBytes,
            payloadBudget: broker.payloadBudget,
            hasArchive: broker.hasArchive,
            archiveTrouble: broker.archiveTrouble,
            uncommittedMessages: broker.uncommittedMessages,
            viewers: broker.viewers,
            streams: streams.map(Document.Stream.init),
            groups: groups.map(Document.Group.init),
            workers: workers.map(Document.Worker.init)
        )
    }

    private struct Document: Encodable {
        let at: Double
        let uptimeSeconds: Double
        let payloadBytes: UInt64
        let payloadBudget: UInt64
        let hasArchive: Bool
        let archiveTrouble: String
        let uncommittedMessages: UInt64
        let viewers: UInt32
        let streams: [Stream]
        let groups: [Group]
        let workers: [Worker]

        struct Stream: Encodable {
            let stream: String
            let isLive: Bool
            let epoch: UInt64
            let next: UInt64
            let archivedNext: UInt64
            let frames: UInt64
            let bytes: UInt64
            let shed: UInt64
            let lost: UInt64
            let archived: UInt64
            let obstacle: String

            init(_ status: StreamStatus) {
                stream = status.stream
                isLive = status.isLive
                epoch = status.next.epoch
                next = status.next.sequence
                archivedNext = status.archivedNext
                frames = status.frames
                bytes = status.bytes
                shed = status.shed
                lost = status.lost
                archived = status.archived
                obstacle = "\(status.obstacle)"
            }
        }

        struct Group: Encodable {
            let group: String
            // What is not known yet is left out.
            let streams: [String]
            let policy: String
            let order: String
            let workers: UInt32
            let leased: UInt32
            let published: UInt64?
            let completed: UInt64?
            let failed: UInt64?
            let shed: UInt64?
            let superseded: UInt64?
            let dead: UInt64?
            let pending: UInt64?
            let lagBytes: UInt64?
            let lagSeconds: Double?
            let replayOwed: UInt64
            let replayCompleted: UInt64

            init(_ status: GroupStatus) {
                func known(_ number: UInt64) -> UInt64? { status.isKnown ? number : nil }
                group = status.group.name
                streams = status.group.patterns
                policy = "\(status.group.policy)"
                order = "\(status.group.order)"
                workers = status.workers
                leased = status.leased
                published = known(status.published)
                completed = known(status.completed)
                failed = known(status.failed)
                shed = known(status.shed)
                superseded = known(status.superseded)
                dead = known(status.dead)
                pending = known(status.pending)
                lagBytes = known(status.lagBytes)
                lagSeconds = status.isKnown ? Double(status.lagMilliseconds) / 1e3 : nil
                replayOwed = status.replayOwed
                replayCompleted = status.replayCompleted
            }
        }

        struct Worker: Encodable {
            let group: String
            let name: String
            let model: String
            let creditFrames: UInt32
            let creditBytes: UInt64
            let leased: UInt32
            let leasedBytes: UInt64
            let oldestLeaseSeconds: Double
            let answered: UInt64

            init(_ status: WorkerStatus) {
                group = status.group
                name = status.name
                model = status.model
                creditFrames = status.creditFrames
                creditBytes = status.creditBytes
                leased = status.leased
                leasedBytes = status.leasedBytes
                oldestLeaseSeconds = Double(status.oldestLeaseMilliseconds) / 1e3
                answered = status.answered
            }
        }
    }
}
