import Foundation
import Testing
import Wire

@testable import Broker

/// What people read of a snapshot.
@Suite struct StatusTableTests {
    /// A busy broker, `seconds` after it started.
    private func snapshot(at seconds: Int64) -> StatusSnapshot {
        var broker = Status()
        broker.session = 1
        broker.at = seconds * 1_000_000_000
        broker.uptimeMilliseconds = UInt64(seconds) * 1_000
        (broker.payloadBytes, broker.payloadBudget) = (987 << 20, 1 << 30)
        (broker.hasArchive, broker.uncommittedMessages, broker.viewers) = (true, 12_345, 12)
        var snapshot = StatusSnapshot(broker: broker)
        for name in ["kiosk", "lobby/east"] {
            var stream = StreamStatus(stream: name)
            stream.frames = UInt64(seconds) * 30
            stream.bytes = UInt64(seconds) * 3_000_000
            snapshot.streams.append(stream)
        }
        for policy in [GroupDefinition.Policy.durable, .latest] {
            var group = GroupStatus(group: GroupDefinition(name: "\(policy)-faces", policy: policy))
            (group.workers, group.leased) = (4, 16)
            (group.published, group.completed) = (1_234_567, 1_111_111)
            (group.shed, group.superseded, group.dead, group.pending) = (3, 20, 3, 123_430)
            (group.failed, group.lagBytes, group.lagMilliseconds) = (77, 12 << 30, 4_321_000)
            group.replayOwed = 123_456
            snapshot.groups.append(group)
        }
        var worker = WorkerStatus(group: "durable-faces", name: "vision-host-17-47")
        worker.model = "faces-yunet-2023mar 8ee9c8e1"
        (worker.creditFrames, worker.creditBytes) = (16, 16 << 20)
        (worker.leased, worker.leasedBytes, worker.oldestLeaseMilliseconds) = (3, 300 << 10, 450)
        worker.answered = 123_456
        snapshot.workers = [worker]
        return snapshot
    }

    private func lines(_ snapshot: StatusSnapshot, _ rates: StatusRates) -> [String] {
        [snapshot.headline] + snapshot.streamTable(rates) + snapshot.groupTable(rates)
            + snapshot.ledgerTable() + snapshot.workerTable()
    }

    @Test func aBusySystemFitsOnAHundredColumns() {
        let rates = StatusRates(from: snapshot(at: 10), to: snapshot(at: 11))
        for line in lines(snapshot(at: 11), rates) { #expect(line.count <= 100, "\(line)") }
    }

    @Test func theLedgerIsAnEquationInOneRow() {
        let words = snapshot(at: 10).ledgerTable().map {
            $0.split(separator: " ").map(String.init)
        }
        #expect(
            words[0] == [
                "LEDGER", "PUBLISHED", "=", "COMPLETED", "+", "SHED", "+", "SUPERSEDED", "+",
                "DEAD", "+", "PENDING",
            ]
        )
        #expect(
            words[1] == [
                "durable-faces", "1,234,567", "=", "1,111,111", "+", "3", "+", "20", "+", "3", "+",
                "123,430",
            ]
        )
    }

    @Test func whatTheArchiveHasNotToldIsNoZero() throws {
        var snapshot = snapshot(at: 10)
        snapshot.groups[0].isKnown = false
        let rates = StatusRates(from: nil, to: snapshot)
        #expect(snapshot.ledgerTable()[1].split(separator: " ").count { $0 == "?" } == 6)
        #expect(snapshot.groupTable(rates)[1].split(separator: " ").count { $0 == "?" } == 4)
        #expect(!(try snapshot.json()).contains("\"published\":0"))
        #expect(try snapshot.json().components(separatedBy: "\"published\"").count == 2)
    }

    @Test func groupsWithMostLeftToDoComeFirstWhenNotAllFit() {
        var snapshot = snapshot(at: 10)
        snapshot.groups[0].pending = 0
        let groups = snapshot.laggingFirst.groups.map(\.group.name)
        #expect(groups == ["latest-faces", "durable-faces"])
    }

    @Test func lagAndCreditAreThereInEveryUnit() throws {
        let rates = StatusRates(from: nil, to: snapshot(at: 10))
        let group = try #require(snapshot(at: 10).groupTable(rates).dropFirst().first)
        for word in ["123,430", "12 GiB", "1 h 12 min", "123,456 left"] {
            #expect(group.contains(word), "\(group)")
        }
        let worker = try #require(snapshot(at: 10).workerTable().last)
        for word in ["3/16", "300 KiB/16 MiB", "450 ms"] {
            #expect(worker.contains(word), "\(worker)")
        }
        let line = try #require(snapshot(at: 10).lines(at: "10:00:00", rates).last)
        #expect(line.contains("1234567 published = 1111111 completed + 3 shed"), "\(line)")
    }

    @Test func archivedAreTheFramesOfAllEpochs() throws {
        var snapshot = snapshot(at: 10)
        (snapshot.streams[0].archivedNext, snapshot.streams[0].archived) = (20, 59)
        let rates = StatusRates(from: nil, to: snapshot)
        let (header, row) = (snapshot.streamTable(rates)[0], snapshot.streamTable(rates)[1])
        let column = try #require(header.split(separator: " ").firstIndex(of: "ARCHIVED"))
        #expect(row.split(separator: " ")[column] == "59")
        #expect(try snapshot.json().contains("\"archived\":59"))
    }

    @Test func whyACameraWaitsStandsInItsRow() throws {
        var snapshot = snapshot(at: 10)
        (snapshot.streams[0].isLive, snapshot.streams[0].obstacle) = (true, .archive)
        (snapshot.streams[1].isLive, snapshot.streams[1].obstacle) = (false, .none)
        let rates = StatusRates(from: nil, to: snapshot)
        let table = snapshot.streamTable(rates)
        #expect(table[1].hasSuffix("  waits for an archive"))
        #expect(table[2].hasSuffix("  no camera"))
        #expect(table.allSatisfy { $0.count <= 100 })
        #expect(snapshot.lines(at: "", rates)[1].hasSuffix(", waits for an archive"))
        #expect(try snapshot.json().contains("\"obstacle\":\"archive\""))
    }

    @Test func ratesAreOfOneLifeOfTheBrokerOnly() {
        var (before, now) = (snapshot(at: 10), snapshot(at: 12))
        let rates = StatusRates(from: before, to: now)
        #expect(rates.frames(of: now.streams[0]) == "30")
        #expect(rates.bytes(of: now.streams[0]) == "2.9 MiB")
        before.broker.session = 2
        #expect(StatusRates(from: before, to: now).frames(of: now.streams[0]) == "-")
        now.streams[0].frames = 1
        #expect(rates.frames(of: now.streams[0]) == "-")
        #expect(StatusRates(from: nil, to: now).done(by: now.groups[0]) == "-")
    }

    @Test func aLongNameIsCutAndPushesNothingOut() {
        let grid = TextGrid(header: ["NAME", "COUNT"], leftColumns: 1)
        let name = String(repeating: "x", count: 64)
        let lines = grid.lines([[name, "1"], ["y", "22"]], nothing: "")
        #expect(lines.allSatisfy { $0.count == TextGrid.cellLimit + 2 + 5 })
        #expect(lines[1].contains("x…"))
        #expect(grid.lines([], nothing: "nobody") == ["nobody"])
    }

    @Test(arguments: 8...20)
    func whatDoesNotFitOnTheScreenIsCounted(rows: Int) {
        let sections = [["A", "1", "2"], ["B"] + (0..<9).map { "\($0)" }]
        let lines = Screen.lines(sections, rows: rows)
        #expect(lines.count <= rows)
        #expect(lines.contains("A") && lines.contains("B"))
        let hidden = lines.compactMap { $0.wholeMatch(of: /and (\d+) more/) }
            .reduce(0) { $0 + (Int($1.1) ?? 0) }
        #expect(lines.count { Int($0) != nil } + hidden == 11)
        #expect((hidden == 0) == (rows >= 14))
    }
}
