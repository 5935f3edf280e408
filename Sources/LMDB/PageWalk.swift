/// A walk through all pages of a tree, from its root to its leaves; wrong pages and entries are noted
/// and passed over.
struct PageWalk {
    private static let damageLimit = 100
    private static let depthLimit = 32

    private enum Flag {
        static let branch = 0x01
        static let leaf = 0x02
        static let overflow = 0x04
        /// On an entry: the value lies on overflow pages.
        static let bigData = 0x01
        /// On an entry of the main tree: the value describes a tree.
        static let subData = 0x02
    }

    private let file: PageFile
    private let tree: PageFile.Tree
    private let expectsTables: Bool
    private let hasOrder: Bool
    private let looksAtValues: Bool
    private var previous: (offset: Int, byteCount: Int)?
    private var seen = (branch: UInt64(0), leaf: UInt64(0), overflow: UInt64(0), entries: UInt64(0))

    /// What is wrong; the first hundred things.
    private(set) var damage: [PageDamage] = []
    /// The pages that the tree uses.
    private(set) var pages = PageSet()

    /// A walk through `tree`.
    ///
    /// - Parameters:
    ///   - file: Its file.
    ///   - tree: Where it begins.
    ///   - expectsTables: Whether its values describe trees.
    ///   - hasOrder: Whether its keys sort by their bytes.
    ///   - looksAtValues: Whether the first page of each large value is looked at, too.
    init(
        _ file: PageFile,
        _ tree: PageFile.Tree,
        expectsTables: Bool = false,
        hasOrder: Bool = true,
        looksAtValues: Bool = false
    ) {
        self.file = file
        self.tree = tree
        self.expectsTables = expectsTables
        self.hasOrder = hasOrder
        self.looksAtValues = looksAtValues
    }

    /// Lends each key that can be read to `body`, with where its value lies.
    mutating func run(_ body: (_ key: RawSpan, _ value: PageFile.Place) -> Void) {
        guard tree.root != PageFile.Tree.noRoot else {
            if tree.entries != 0 { note(0, "has a tree without a root") }
            return
        }
        guard (1...Self.depthLimit).contains(tree.depth) else {
            return note(tree.root, "is the root of a tree of impossible depth")
        }
        visit(tree.root, level: 1, body)
        // Whatever is missing was noted where it is missing.
        guard damage.isEmpty else { return }
        if seen != (tree.branchPages, tree.leafPages, tree.overflowPages, tree.entries) {
            note(tree.root, "is the root of a tree with more or fewer pages than were counted")
        }
    }

    private mutating func note(_ page: UInt64, _ reason: String) {
        guard damage.count < Self.damageLimit else { return }
        damage.append(PageDamage(page: page, reason: reason))
    }

    private mutating func visit(
        _ number: UInt64,
        level: Int,
        _ body: (RawSpan, PageFile.Place) -> Void
    ) {
        guard number >= 2, number <= file.lastPage else {
            return note(number, "is named and does not exist")
        }
        guard pages.insert(number) else { return note(number, "is used twice") }
        let page = file.page(number)
        let isLeaf = level == tree.depth
        guard let nodes = file.nodes(of: page, isLeaf ? Flag.leaf : Flag.branch) else {
            return note(number, "has a damaged header")
        }
        guard nodes.count >= (isLeaf ? 1 : 2) else { return note(number, "has lost its entries") }
        if isLeaf { seen.leaf += 1 } else { seen.branch += 1 }
        for (index, node) in nodes.enumerated() {
            guard let node, let entry = Entry(file, page, node) else {
                note(number, "has a damaged entry (\(index))")
                continue
            }
            if isLeaf {
                take(entry, of: page, index, body)
            } else {
                visit(entry.child, level: level + 1, body)
            }
        }
    }

    /// Lends what a page has that may be no part of the tree any more.
    ///
    /// - Returns: How many pages to pass over to come to the next one that stands for itself.
    mutating func salvage(
        _ number: UInt64,
        _ body: (_ key: RawSpan, _ value: PageFile.Place) -> Void
    ) -> UInt64 {
        let page = file.page(number)
        guard file.u64(page.offset) == number else { return 1 }
        if file.u16(page.offset + 10) == Flag.overflow {
            return UInt64(max(1, file.u32(page.offset + 12)))
        }
        for case let node? in file.nodes(of: page, Flag.leaf) ?? [] {
            guard let entry = Entry(file, page, node) else { continue }
            pages = PageSet()  // Several may name the same value: older and newer ones.
            guard let place = place(of: entry, of: page) else { continue }
            let key = PageFile.Place(offset: entry.keyOffset, byteCount: entry.keyByteCount)
            file.withValue(at: key) { body($0, place) }
        }
        return 1
    }

    private mutating func take(
        _ entry: Entry,
        of page: Page,
        _ index: Int,
        _ body: (RawSpan, PageFile.Place) -> Void
    ) {
        guard let place = place(of: entry, of: page) else {
            return note(page.number, "has a damaged value (\(index))")
        }
        seen.entries += 1
        let key = PageFile.Place(offset: entry.keyOffset, byteCount: entry.keyByteCount)
        if hasOrder, let previous {
            let isAscending = file.withValue(
                at: PageFile.Place(offset: previous.offset, byteCount: previous.byteCount)
            ) { before in
                file.withValue(at: key) { Self.precedes(before, $0) }
            }
            if !isAscending { note(page.number, "has a key out of order (\(index))") }
        }
        previous = (entry.keyOffset, entry.keyByteCount)
        file.withValue(at: key) { body($0, place) }
    }

    /// Where the value of a leaf's entry lies, or `nil` when it cannot be there.
    private mutating func place(of entry: Entry, of page: Page) -> PageFile.Place? {
        let isBig = entry.flags & Flag.bigData != 0
        let allowed = expectsTables ? Flag.subData : Flag.bigData
        guard entry.flags & ~allowed == 0 else { return nil }
        guard isBig else {
            guard entry.keyEnd + entry.valueByteCount <= page.byteCount else { return nil }
            return PageFile.Place(
                offset: page.offset + entry.keyEnd,
                byteCount: entry.valueByteCount
            )
        }
        guard entry.keyEnd + 8 <= page.byteCount else { return nil }
        let first = file.u64(page.offset + entry.keyEnd)
        let count = (Page.headerByteCount - 1 + entry.valueByteCount) / page.byteCount + 1
        guard first >= 2, first <= file.lastPage, UInt64(count) <= file.lastPage - first + 1
        else { return nil }
        let overflow = file.page(first)
        if looksAtValues {
            guard file.u64(overflow.offset) == first,
                file.u16(overflow.offset + 10) == Flag.overflow,
                file.u32(overflow.offset + 12) == count
            else { return nil }
        }
        for number in first..<first + UInt64(count) {
            guard pages.insert(number) else { return nil }
        }
        seen.overflow += UInt64(count)
        return PageFile.Place(
            offset: overflow.offset + Page.headerByteCount,
            byteCount: entry.valueByteCount
        )
    }

    private static func precedes(_ left: RawSpan, _ right: RawSpan) -> Bool {
        unsafe left.withUnsafeBytes { left in
            unsafe right.withUnsafeBytes { unsafe left.lexicographicallyPrecedes($0) }
        }
    }

    /// The fixed part of an `MDB_node`, whose 8 bytes are on its page.
    private struct Entry {
        let keyOffset: Int
        let keyByteCount: Int
        let keyEnd: Int
        let flags: Int
        let valueByteCount: Int
        /// The page that a branch's entry leads to.
        let child: UInt64

        /// The entry at an offset of its page; `nil` when its key cannot be there.
        init?(_ file: PageFile, _ page: Page, _ node: Int) {
            let offset = page.offset + node
            let low = file.u16(offset) | file.u16(offset + 2) << 16
            flags = file.u16(offset + 4)
            valueByteCount = low
            child = UInt64(low) | UInt64(flags) << 32
            keyByteCount = file.u16(offset + 6)
            keyOffset = offset + 8
            keyEnd = node + 8 + keyByteCount
            guard keyEnd <= page.byteCount else { return nil }
        }
    }
}
