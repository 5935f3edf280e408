import Testing

@testable import Recording

@Suite struct CacheTrailTests {
    private func pieces(_ trail: inout CacheTrail, to length: Int) -> [CacheTrail.Piece] {
        var pieces: [CacheTrail.Piece] = []
        while let piece = trail.advance(to: length) { pieces.append(piece) }
        return pieces
    }

    @Test func nothingIsGivenBackUpToTheLimitAndAPiece() {
        var trail = CacheTrail(limit: 100, pieceByteCount: 10)
        trail.begin("a")
        #expect(pieces(&trail, to: 109).isEmpty)
        #expect(pieces(&trail, to: 110) == [.init(path: "a", range: 0..<10)])
        #expect(pieces(&trail, to: 110).isEmpty)
    }

    @Test func whatLiesBehindGoesInOrderAndOnce() {
        var trail = CacheTrail(limit: 100, pieceByteCount: 10)
        trail.begin("a")
        #expect(
            pieces(&trail, to: 135) == [
                .init(path: "a", range: 0..<10), .init(path: "a", range: 10..<20),
                .init(path: "a", range: 20..<30),
            ]
        )
        #expect(pieces(&trail, to: 139).isEmpty)
        #expect(pieces(&trail, to: 140) == [.init(path: "a", range: 30..<40)])
    }

    @Test func theNewestBytesStayOverTheEndOfAFile() {
        var trail = CacheTrail(limit: 30, pieceByteCount: 10)
        trail.begin("a")
        _ = pieces(&trail, to: 25)
        trail.begin("b")
        #expect(pieces(&trail, to: 14).isEmpty)
        #expect(pieces(&trail, to: 15) == [.init(path: "a", range: 0..<10)])
        // The rest of a file is less than a piece, and goes as one; then all of it goes once more.
        #expect(
            pieces(&trail, to: 40) == [
                .init(path: "a", range: 10..<20), .init(path: "a", range: 20..<25),
                .init(path: "a", range: 0..<25), .init(path: "b", range: 0..<10),
            ]
        )
        trail.begin("c")
        #expect(pieces(&trail, to: 0).isEmpty)
        #expect(pieces(&trail, to: 10) == [.init(path: "b", range: 10..<20)])
    }
}
