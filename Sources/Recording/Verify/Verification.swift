internal import Foundation
internal import LMDB
internal import Wire

/// Reads everything that an archive has, and compares it with itself.
package struct Verification: ~Copyable {
    /// What came of it.
    package struct Report: Sendable, Codable, Equatable {
        /// Files of the log.
        package var segments = 0
        /// Records read.
        package var records: UInt64 = 0
        /// Bytes of these records.
        package var bytes: UInt64 = 0
        /// How many things are wrong.
        package var wrong = 0
        /// The first of them.
        package var findings: [Finding] = []
        /// What could not be compared, in a sentence; `nil` when everything was.
        package var remark: String?
    }

    private let directory: DataDirectory
    private let progress: (_ done: UInt64, _ total: UInt64) -> Void
    private var report = Report()
    private var check = LogCheck()
    private var catalog: CatalogCheck?
    private var firsts: [UInt64] = []
    /// Whether files were rewritten or removed meanwhile, so that the catalog follows.
    private var hasChanged = false
    /// The files as they were when they were read.
    private var identities: [UInt64: FileIdentity] = [:]
    private var total: UInt64 = 0
    private var done: UInt64 = 0

    /// Verifies the archive in `directory`, whether it is served or not.
    ///
    /// - Parameters:
    ///   - directory: Where it is.
    ///   - patience: How long a serving archive may take to answer.
    ///   - command: Who reads, for whoever has to wait for it.
    ///   - progress: Told how many bytes have been read, of how many.
    /// - Returns: What was found.
    /// - Throws: ``RecordingError`` when the archive cannot be read at all.
    package static func run(
        _ directory: DataDirectory,
        patience: Duration,
        command: String,
        progress: @escaping (_ done: UInt64, _ total: UInt64) -> Void
    ) throws -> Report {
        var verification = Verification(directory, progress)
        var access = try VerifyAccess.open(directory, patience: patience, command: command)
        try verification.verify(&access)
        return verification.report
    }

    private init(
        _ directory: DataDirectory,
        _ progress: @escaping (_ done: UInt64, _ total: UInt64) -> Void
    ) {
        self.directory = directory
        self.progress = progress
    }

    private mutating func verify(_ access: inout VerifyAccess) throws {
        openCatalog(access.trouble)
        // What comes from now on is not looked at, so that no file begins in what is.
        let end = access.isServed ? try access.promised() : .max
        firsts = try Log.segments(in: directory.log).filter { $0 < end }
        report.segments = firsts.count
        total = firsts.reduce(0) { sum, first in
            sum + UInt64(DataDirectory.byteCount(of: Segment.path(first, in: directory.log)))
        }
        let served = access.isServed ? firsts.last : nil
        for first in firsts where first != served { try verify(first) }
        if let served { try verify(headAt: served, to: end, &access) }
        try finishCatalog(&access)
        report.records = check.recordCount
        report.wrong = check.findings.count
        report.findings = check.findings.list
        if report.remark == nil, hasChanged {
            report.remark = "retention took something meanwhile, so the counts were not compared"
        }
    }

    // MARK: Files

    private mutating func verify(_ first: UInt64) throws {
        let name = Segment.fileName(first)
        let path = Segment.path(first, in: directory.log)
        let identity = FileIdentity(of: path)
        identities[first] = identity
        let segment: Segment
        let damage: [PageDamage]
        do throws(RecordingError) {
            segment = try Segment.openSealed(first: first, in: directory.log)
            damage = try segment.pageDamage(in: directory.log)
        } catch {
            guard FileIdentity(of: path) != nil else {
                hasChanged = true  // Removed since the directory was read.
                return
            }
            guard error.kind == .damaged else { throw error }
            check.lose(file: name, error.description)
            return
        }
        check.begin(file: name, first: first)
        for page in damage { check.damage(page) }
        var failure: (any Error)?
        var pending: [(UInt64, String)] = []
        try segment.scan { position, record in
            do {
                try take(record, at: position) { pending.append(($0 ?? position, $1)) }
                return .next
            } catch {
                failure = error
                return .stop
            }
        }
        if let failure { throw failure }
        try compareCatalog { pending.append(($0 ?? first, $1)) }
        if FileIdentity(of: path) != identity {
            hasChanged = true  // The catalog has followed the new file.
        } else {
            for (position, reason) in pending {
                check.findings.add(.catalog, file: name, at: position, reason)
            }
        }
        check.end(index: try segment.indexEntries())
    }

    /// Checks a record; mistakes of the catalog are told with their positions.
    private mutating func take(
        _ record: RawSpan,
        at position: UInt64,
        _ tell: (UInt64?, String) -> Void
    ) throws {
        check.take(record, at: position)
        report.bytes += UInt64(record.byteCount)
        done += UInt64(record.byteCount)
        if done.isMultiple(of: 64) || record.byteCount > 1 << 16 {
            progress(min(done, total), total)
        }
        guard let catalog, position < catalog.end else { return }
        catalog.add(record, at: position)
        if catalog.isFull { try compareCatalog(tell) }
    }

    // MARK: The newest file of a serving archive

    private mutating func verify(
        headAt first: UInt64,
        to end: UInt64,
        _ access: inout VerifyAccess
    ) throws {
        let name = Segment.fileName(first)
        check.begin(file: name, first: first)
        identities[first] = FileIdentity(of: Segment.path(first, in: directory.log))
        var pending: [(UInt64, String)] = []
        try access.records(from: first, to: end) { record, position in
            try take(record, at: position) { pending.append(($0 ?? position, $1)) }
        }
        try compareCatalog { pending.append(($0 ?? first, $1)) }
        for (position, reason) in pending {
            check.findings.add(.catalog, file: name, at: position, reason)
        }
        check.end(index: nil)
    }

    // MARK: The catalog

    private mutating func openCatalog(_ trouble: RecordingError?) {
        if let trouble { return noteCatalog(trouble.description) }
        do {
            let opened = try CatalogCheck(directory)
            let wrong = try opened.integrity()
            for sentence in wrong { check.findings.add(.catalog, sentence) }
            guard wrong.isEmpty else {
                return noteCatalog("it was not compared with the log; archive reindex rebuilds it")
            }
            catalog = opened
        } catch {
            noteCatalog("\(directory.catalog) cannot be read: \(Catalog.reason(error))")
        }
    }

    private mutating func noteCatalog(_ reason: String) {
        check.findings.add(.catalog, reason)
        report.remark = "the catalog was not compared with the log"
    }

    /// Compares what was added; a catalog that cannot be asked is wrong, and is asked no more.
    private mutating func compareCatalog(_ tell: (UInt64?, String) -> Void) throws {
        do {
            try catalog?.compare(tell)
        } catch let error as RecordingError {
            throw error
        } catch {
            catalog = nil
            noteCatalog("\(directory.catalog) cannot be read: \(Catalog.reason(error))")
        }
    }

    private mutating func finishCatalog(_ access: inout VerifyAccess) throws {
        guard let catalog else { return }
        let end = try access.promised()
        if catalog.end > end, !check.hasDamage {
            check.findings.add(
                .catalog,
                "it has had records up to position \(catalog.end), and the log ends at \(end): the"
                    + " newest files of the log are gone"
            )
        }
        var late: [(UInt64?, String)] = []
        do {
            try catalog.finish(
                { try access.records(from: $0, to: $1, $2) },
                mayHaveMore: check.hasDamage,
                left: { try left(of: $0, &access) },
                { late.append(($0, $1)) }
            )
        } catch let error as RecordingError {
            throw error
        } catch {
            noteCatalog("\(directory.catalog) cannot be read: \(Catalog.reason(error))")
        }
        hasChanged = hasChanged || isOtherNow
        for (position, reason) in late {
            let file = position.flatMap { position in firsts.last { $0 <= position } }
            check.findings.add(.catalog, file: file.map(Segment.fileName), at: position, reason)
        }
    }

    /// Whether a file that was read is another one now, or gone.
    private var isOtherNow: Bool {
        identities.contains { first, identity in
            FileIdentity(of: Segment.path(first, in: directory.log)) != identity
        }
    }

    /// Which of the records at `positions` the log still has; `nil` when nothing was taken out of it.
    private func left(
        of positions: Set<UInt64>,
        _ access: inout VerifyAccess
    ) throws -> Set<UInt64>? {
        guard hasChanged || isOtherNow else { return nil }
        var left: Set<UInt64> = []
        let firsts = try Log.segments(in: directory.log)
        for (index, first) in firsts.enumerated() {
            let end = index + 1 < firsts.count ? firsts[index + 1] : .max
            let wanted = positions.filter { $0 >= first && $0 < end }
            guard let least = wanted.min(), let most = wanted.max() else { continue }
            try access.records(from: least, to: most + 1) { _, position in
                if wanted.contains(position) { left.insert(position) }
            }
        }
        return left
    }
}
