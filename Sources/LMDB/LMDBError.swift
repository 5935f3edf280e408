private import CLMDB

/// An LMDB call failed.
package struct LMDBError: Error, Equatable, CustomStringConvertible {
    /// An `MDB_*` code (negative) or an `errno` (positive).
    package let code: Int32
    /// The C function that failed, such as `"mdb_env_open"`.
    package let operation: StaticString

    package static func == (left: Self, right: Self) -> Bool {
        left.code == right.code && left.operation.description == right.operation.description
    }

    package var description: String {
        if isCutShort { return "its end is missing, so that it cannot be read safely" }
        let reason = unsafe String(cString: mdb_strerror(code))
        return "\(operation): \(reason) (\(code))"
    }

    /// Whether the device has no room left (`ENOSPC`), which is no damage.
    package var isDiskFull: Bool { code == 28 }

    /// Whether reading or writing failed (`EIO`).
    ///
    /// LMDB says so too when a write came out short, which on most systems means a full disk.
    package var isInputOutput: Bool { code == 5 }

    /// Whether the file does not exist (`ENOENT`).
    package var isMissing: Bool { code == 2 }

    /// Whether the file itself is not what LMDB wrote, which no new try changes.
    package var isDamage: Bool {
        [MDB_CORRUPTED, MDB_PAGE_NOTFOUND, MDB_INVALID, MDB_VERSION_MISMATCH, MDB_INCOMPATIBLE]
            .contains(code)
    }

    /// Whether the file is shorter than what was written to it; that is damage too.
    package var isCutShort: Bool { self == .cutShort }

    /// Whether the map has no room left.
    package var isFull: Bool { code == MDB_MAP_FULL }

    /// Whether this process has the file open already; see ``Environment``.
    package var isAlreadyOpen: Bool { self == .alreadyOpen }

    /// The file is no LMDB file, or lacks what it should have.
    package static let invalid = LMDBError(code: MDB_INVALID, operation: "open")

    /// The map has no room left where that was not expected.
    package static let full = LMDBError(code: MDB_MAP_FULL, operation: "commit")

    /// The file ends before its last page.
    package static let cutShort = LMDBError(
        code: MDB_CORRUPTED,
        operation: "compare the file's size"
    )

    static let alreadyOpen = LMDBError(code: 16, operation: "open once per process")

    /// Throws unless `code` is zero, LMDB's success convention.
    static func check(_ code: Int32, _ operation: StaticString) throws(LMDBError) {
        guard code == 0 else { throw LMDBError(code: code, operation: operation) }
    }
}

/// What became of a write; a full map is an expected outcome, not an error.
package enum WriteOutcome: Sendable, Equatable {
    case done
    /// The map has no room left: abort the transaction and write elsewhere.
    case mapFull

    /// Splits LMDB's codes into outcomes and errors.
    init(_ code: Int32, _ operation: StaticString) throws(LMDBError) {
        if code == MDB_MAP_FULL {
            self = .mapFull
        } else {
            try LMDBError.check(code, operation)
            self = .done
        }
    }
}
