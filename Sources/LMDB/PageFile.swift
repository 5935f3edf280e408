private import Synchronization

#if canImport(Glibc)
private import Glibc
#endif

/// What is wrong on a page of a file.
package struct PageDamage: Sendable, Equatable, CustomStringConvertible {
    /// The page, counted from 0.
    package let page: UInt64
    /// What is wrong with it.
    package let reason: String

    package var description: String { "page \(page) \(reason)" }
}

/// An LMDB file that nobody writes to, read without trusting any number that stands on its pages.
///
/// LMDB follows those numbers wherever they point, so that one wrong bit of a page can end the
/// process. This reads the same bytes with every number checked first: to find out whether LMDB may
/// open the file, and to read what is left of one that it may not. Any thread may use it.
///
/// Source of the layout: `mdb.c` of LMDB 0.9 ("Page headers", `MDB_node`, `MDB_db`, `MDB_meta`), of
/// a 64-bit little-endian machine.
@safe
package final class PageFile: Sendable {
    /// A tree of pages, as a meta page or an entry of the main tree describes it.
    package struct Tree: Sendable, Equatable {
        var depth: Int
        var branchPages: UInt64
        var leafPages: UInt64
        var overflowPages: UInt64
        var entries: UInt64
        var root: UInt64

        static let byteCount = 48
        /// The root of a tree without entries.
        static let noRoot = UInt64.max
    }

    /// Where a value lies in the file.
    package struct Place: Sendable, Equatable {
        let offset: Int
        /// Bytes of the value.
        package let byteCount: Int
    }

    /// Bytes of a page.
    let pageByteCount: Int
    /// The last page that is in use, as far as the file has it.
    let lastPage: UInt64
    let free: Tree
    let main: Tree
    /// What is wrong with the meta pages; the better one is used all the same.
    let metaDamage: [PageDamage]
    /// Whether the file has lost its end.
    package let isCutShort: Bool

    nonisolated(unsafe) private let map: UnsafeRawBufferPointer  // Written by nobody.

    /// Maps the file at `path`.
    ///
    /// - Throws: ``LMDBError/isDamage`` when not even its meta pages say what is where; the system's
    ///   errors.
    package init(path: String) throws(LMDBError) {
        let map = unsafe try Self.map(path)
        let bytes = unsafe RawSpan(_unsafeBytes: map)
        guard let (meta, damage) = Meta.newest(in: bytes) else {
            unsafe munmap(UnsafeMutableRawPointer(mutating: map.baseAddress), map.count)
            throw .invalid
        }
        guard map.count >= 2 * meta.pageByteCount else {
            unsafe munmap(UnsafeMutableRawPointer(mutating: map.baseAddress), map.count)
            throw .cutShort
        }
        unsafe self.map = map
        pageByteCount = meta.pageByteCount
        free = meta.free
        main = meta.main
        let pages = UInt64(map.count / meta.pageByteCount)
        isCutShort = pages <= meta.lastPage
        lastPage = isCutShort ? pages - 1 : meta.lastPage
        let lost = PageDamage(page: pages, reason: "and all behind it are missing")
        metaDamage = isCutShort ? damage + [lost] : damage
    }

    deinit { unsafe munmap(UnsafeMutableRawPointer(mutating: map.baseAddress), map.count) }

    private static func map(_ path: String) throws(LMDBError) -> UnsafeRawBufferPointer {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw LMDBError(code: errno, operation: "open") }
        defer { close(descriptor) }
        var file = stat()
        guard unsafe fstat(descriptor, &file) == 0 else {
            throw LMDBError(code: errno, operation: "fstat")
        }
        let byteCount = Int(file.st_size)
        if byteCount < 2 * Meta.leastPageByteCount { throw .cutShort }
        let address = unsafe mmap(nil, byteCount, PROT_READ, MAP_SHARED, descriptor, 0)
        guard let address = unsafe address, unsafe address != MAP_FAILED else {
            throw LMDBError(code: errno, operation: "mmap")
        }
        return unsafe UnsafeRawBufferPointer(start: address, count: byteCount)
    }

    /// Lends a value to `body`.
    package func withValue<Result>(at place: Place, _ body: (RawSpan) -> Result) -> Result {
        let value = unsafe UnsafeRawBufferPointer(
            rebasing: map[place.offset..<place.offset + place.byteCount]
        )
        return unsafe body(RawSpan(_unsafeBytes: value))
    }

    /// The page with a number up to ``lastPage``.
    func page(_ number: UInt64) -> Page {
        Page(number: number, offset: Int(number) * pageByteCount, byteCount: pageByteCount)
    }

    // Numbers at an offset that the caller has checked.

    func u16(_ offset: Int) -> Int {
        unsafe Int(map.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
    }
    func u32(_ offset: Int) -> Int {
        unsafe Int(map.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }
    func u64(_ offset: Int) -> UInt64 {
        unsafe map.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
    }

    /// A table of the main tree; `nil` when there is none, or its entry cannot be read.
    package func table(named name: String) -> Tree? {
        var found: Tree?
        var walk = PageWalk(self, main, expectsTables: true)
        walk.run { key, place in
            let isIt = unsafe key.withUnsafeBytes { unsafe $0.elementsEqual(name.utf8) }
            if isIt, place.byteCount == Tree.byteCount {
                found = withValue(at: place) { Tree($0, at: 0) }
            }
        }
        return found
    }

    /// Lends each key of a table that can be read to `body`, in the order of the pages.
    ///
    /// Keys need not ascend when the file is damaged.
    ///
    /// - Returns: What is wrong, a hundred things at most.
    @discardableResult
    package func scan(
        _ table: Tree,
        _ body: (_ key: RawSpan, _ value: Place) -> Void
    ) -> [PageDamage] {
        var walk = PageWalk(self, table)
        walk.run(body)
        return walk.damage
    }
}

/// Where a page lies.
struct Page {
    static let headerByteCount = 16

    let number: UInt64
    let offset: Int
    let byteCount: Int
}

extension PageFile.Tree {
    /// Reads an `MDB_db`, whose 48 bytes are there.
    init(_ bytes: RawSpan, at offset: Int) {
        func number(_ place: Int) -> UInt64 {
            unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset + place, as: UInt64.self)
        }
        depth = unsafe Int(bytes.unsafeLoadUnaligned(fromByteOffset: offset + 6, as: UInt16.self))
        branchPages = number(8)
        leafPages = number(16)
        overflowPages = number(24)
        entries = number(32)
        root = number(40)
    }
}

/// What a meta page says.
struct Meta {
    static let leastPageByteCount = 512
    private static let magic: UInt32 = 0xBEEF_C0DE
    private static let isMeta: UInt16 = 8
    /// The key flags of the tree of free pages, and LMDB's note that the file has no directory.
    private static let freeFlags: Set<UInt16> = [0x0008, 0x4008]

    let pageByteCount: Int
    let free: PageFile.Tree
    let main: PageFile.Tree
    let lastPage: UInt64
    let transaction: UInt64

    /// The newest of the two that are whole, and what is wrong with them; `nil` when neither is.
    static func newest(in file: RawSpan) -> (Meta, [PageDamage])? {
        let sizes = [4_096, 8_192, 16_384, 32_768, 65_536, 2_048, 1_024, 512]
        let first = Meta(file, at: 0)
        let size = first?.pageByteCount ?? sizes.first { Meta(file, at: $0)?.pageByteCount == $0 }
        guard let size else { return nil }
        let second = Meta(file, at: size).flatMap { $0.pageByteCount == size ? $0 : nil }
        guard let first else {
            return second.map { ($0, [PageDamage(page: 0, reason: "is no meta page")]) }
        }
        guard let second else { return (first, [PageDamage(page: 1, reason: "is no meta page")]) }
        let newest = second.transaction > first.transaction ? second : first
        // Each commit writes the page that the last one did not.
        let isTurn =
            first.transaction == 0 && second.transaction == 0
            || first.transaction.isMultiple(of: 2) && !second.transaction.isMultiple(of: 2)
                && (first.transaction + 1 == second.transaction
                    || second.transaction + 1 == first.transaction)
        let doubt = PageDamage(page: 0, reason: "or page 1 has the number of another commit")
        return (newest, isTurn ? [] : [doubt])
    }

    private init?(_ file: RawSpan, at offset: Int) {
        func number<Number: BitwiseCopyable>(_ place: Int, _: Number.Type) -> Number {
            unsafe file.unsafeLoadUnaligned(fromByteOffset: offset + place, as: Number.self)
        }
        guard offset + Self.leastPageByteCount <= file.byteCount,
            number(0, UInt64.self) == (offset == 0 ? 0 : 1),
            number(10, UInt16.self) == Self.isMeta,
            number(16, UInt32.self) == Self.magic, number(20, UInt32.self) == 1,
            Self.freeFlags.contains(number(44, UInt16.self)), number(92, UInt16.self) == 0
        else { return nil }
        pageByteCount = Int(number(40, UInt32.self))
        free = PageFile.Tree(file, at: offset + 40)
        main = PageFile.Tree(file, at: offset + 88)
        lastPage = number(136, UInt64.self)
        transaction = number(144, UInt64.self)
        guard pageByteCount >= Self.leastPageByteCount, pageByteCount <= 65_536,
            pageByteCount.nonzeroBitCount == 1, offset == 0 || offset == pageByteCount,
            lastPage >= 1, lastPage < 1 << 40, transaction < .max
        else { return nil }
    }
}
