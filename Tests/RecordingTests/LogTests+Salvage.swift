import Foundation
import Testing
import TestSupport
import Wire

@testable import Recording

// A wrong bit anywhere in a segment costs what it is in, and nothing else.

extension LogTests {
    /// Frames and results of several sizes in a few segments; returns the bytes of each by position.
    private func fillMixed(_ random: inout SeededGenerator) throws -> [UInt64: [UInt8]] {
        var state = LogState()
        let opened = try LogWriter.open(directory, options: small)
        var writer = opened.takeWriter()
        for sequence in 0..<120 as Range<UInt64> {
            let byteCount = [40, 900, 6_000].randomElement(using: &random) ?? 0
            try append([Fixture.frame(sequence, byteCount: byteCount)], &writer, &state)
            if sequence.isMultiple(of: 2) {
                try append([Fixture.result(sequence)], &writer, &state)
            }
        }
        try writer.roll(state)
        var records: [UInt64: [UInt8]] = [:]
        var position: UInt64 = 0
        while position < writer.log.promised {
            position = try writer.log.scan(from: position) {
                records[$0] = $1.array
                return true
            }
        }
        return records
    }

    @Test func aWrongBitCostsOneRecordAndIsNeverServed() throws {
        let seed = SeededGenerator.seed
        var random = SeededGenerator(seed: seed)
        let records = try fillMixed(&random)
        let firsts = try Log.segments(in: directory.log)
        #expect(firsts.count > 3)
        var (lost, worst) = (0, 0)
        for _ in 0..<400 {
            guard let first = firsts.dropLast().randomElement(using: &random) else { return }
            let path = Segment.path(first, in: directory.log)
            let whole = try Data(contentsOf: URL(fileURLWithPath: path))
            let offset = Int.random(in: 0..<whole.count, using: &random)
            var bad = whole
            bad[offset] ^= UInt8(1) << UInt8.random(in: 0..<8, using: &random)
            try bad.write(to: URL(fileURLWithPath: path))
            let comment: Comment = "SEED=\(seed) \(Segment.fileName(first)) byte \(offset)"
            let log = try Log.openReadOnly(in: directory.log).log
            var missing = 0
            for (position, bytes) in records {
                let read = try log.withRecord(at: position) { record -> [UInt8]? in
                    if case .good = CheckedRecord(record) { record.array } else { nil }
                }
                if let read = read ?? nil { #expect(read == bytes, comment) } else { missing += 1 }
            }
            lost += missing
            worst = max(worst, missing)
            #expect(missing <= 1, comment)
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == bad, comment)
            try whole.write(to: URL(fileURLWithPath: path))
        }
        #expect(lost > 20)
    }
}
