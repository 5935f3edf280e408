extension PageFile {
    /// Where the entries of a page lie on it, `nil` for those that cannot be there; `nil` when its
    /// header is not that of such a page.
    func nodes(of page: Page, _ flags: Int) -> [Int?]? {
        let lower = u16(page.offset + 12)
        let upper = u16(page.offset + 14)
        guard u64(page.offset) == page.number, u16(page.offset + 10) == flags,
            lower >= Page.headerByteCount, lower.isMultiple(of: 2), lower <= upper,
            upper <= page.byteCount
        else { return nil }
        return stride(from: Page.headerByteCount, to: lower, by: 2).map { place in
            let node = u16(page.offset + place)
            let isThere = node >= upper && node.isMultiple(of: 2) && node + 8 <= page.byteCount
            return isThere ? node : nil
        }
    }

    /// Lends each key and value that any page of the file has, also pages that are no part of a tree
    /// any more, or not reachable; tables are not told apart, and keys come several times.
    package func scanEveryPage(_ body: (_ key: RawSpan, _ value: Place) -> Void) {
        var walk = PageWalk(self, main, looksAtValues: true)
        var number: UInt64 = 2
        while number <= lastPage { number += walk.salvage(number, body) }
    }

    /// How much of a file is looked at.
    package enum Depth: Sendable {
        /// The pages of the trees: all that LMDB follows to read or append. Without damage there, LMDB
        /// may open the file.
        case trees
        /// The first page of each large value, too, which reads about all of a file that is not in
        /// memory.
        case values
    }

    /// What is wrong with the pages, a few hundred things at most; the values themselves are not read.
    package func check(_ depth: Depth = .trees) -> [PageDamage] {
        var damage = metaDamage
        var used: [PageSet] = []
        var tables: [Tree] = []
        var walk = PageWalk(self, main, expectsTables: true)
        walk.run { _, place in
            if place.byteCount == Tree.byteCount {
                tables.append(withValue(at: place) { Tree($0, at: 0) })
            }
        }
        damage += walk.damage
        used.append(walk.pages)
        for table in tables {
            var walk = PageWalk(self, table, looksAtValues: depth == .values)
            walk.run { _, _ in }
            damage += walk.damage
            used.append(walk.pages)
        }
        damage += checkFree(&used)
        for (index, left) in used.enumerated() {
            for right in used[(index + 1)...] {
                guard let page = left.common(with: right) else { continue }
                damage.append(PageDamage(page: page, reason: "is used twice"))
            }
        }
        return damage
    }

    /// Checks the tree of free pages, which LMDB overwrites; adds its own pages and those it lists.
    private func checkFree(_ used: inout [PageSet]) -> [PageDamage] {
        var walk = PageWalk(self, free, hasOrder: false)
        var listed = PageSet()
        var wrong: [PageDamage] = []
        let root = free.root
        walk.run { _, place in
            withValue(at: place) { value in
                func number(_ index: Int) -> UInt64 {
                    unsafe value.unsafeLoadUnaligned(fromByteOffset: 8 * index, as: UInt64.self)
                }
                guard value.byteCount >= 8, value.byteCount.isMultiple(of: 8),
                    number(0) == UInt64(value.byteCount / 8 - 1)
                else { return wrong.append(PageDamage(page: root, reason: "has a damaged list")) }
                for index in 1..<max(1, value.byteCount / 8) {
                    let page = number(index)
                    guard page >= 2, page <= lastPage, listed.insert(page) else {
                        wrong.append(PageDamage(page: page, reason: "cannot be free"))
                        break
                    }
                }
            }
        }
        used.append(walk.pages)
        used.append(listed)
        return walk.damage + wrong
    }
}
