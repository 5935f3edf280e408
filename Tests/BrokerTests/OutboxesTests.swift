import Routing
import Testing
import Wire

@testable import Broker

@Suite struct OutboxesTests {
    private static let peers = (0..<4).map { PeerID(index: $0, generation: 0) }

    private func gather(_ count: Int, for peer: PeerID, in outboxes: inout Outboxes) {
        for number in 0..<count {
            let place = outboxes.open(for: peer, parts: 1, token: UInt64(number))
            outboxes[place].body.append([UInt8(peer.index)])
        }
    }

    @Test func onlyThoseWhoAskedReadBundles() {
        var outboxes = Outboxes()
        #expect(outboxes.reads(Self.peers[2]) == false)
        outboxes.admit(Self.peers[2])
        #expect(outboxes.reads(Self.peers[2]) == true)
        #expect(outboxes.reads(PeerID(index: 2, generation: 1)) == false)
        #expect(outboxes.reads(Self.peers[0]) == false)
    }

    @Test(arguments: [[0, 1, 2, 3], [3, 2, 1, 0], [1, 0, 3, 2], [2, 3, 0, 1]])
    func eachKeepsItsOwnInWhateverOrderTheyAreClosed(order: [Int]) throws {
        var outboxes = Outboxes()
        for peer in Self.peers {
            outboxes.admit(peer)
            gather(peer.index + 1, for: peer, in: &outboxes)
        }
        for index in order {
            let found = outboxes.place(of: Self.peers[index])
            let place = try #require(found)
            #expect(outboxes[place].peer == Self.peers[index])
            #expect(outboxes[place].body.count == index + 1)
            #expect(outboxes[place].tokens.count == index + 1)
            outboxes.close(place)
            #expect(outboxes.place(of: Self.peers[index]) == nil)
        }
        #expect(outboxes.last == nil)
        gather(1, for: Self.peers[0], in: &outboxes)
        #expect(outboxes[0].body.count == 1)
    }

    @Test func roomGrowsForOnePeerUntilItsNextSession() {
        var outboxes = Outboxes()
        let (peer, other) = (Self.peers[0], Self.peers[1])
        for each in [peer, other] { outboxes.admit(each) }
        let first = BundleRoom().count
        gather(first, for: peer, in: &outboxes)
        gather(first, for: other, in: &outboxes)
        #expect(outboxes.hasRoom(for: 1, to: peer) == false)
        outboxes.growRoom(of: peer)
        #expect(outboxes.hasRoom(for: 1, to: peer) == true)
        #expect(outboxes.hasRoom(for: 1, to: other) == false)
        outboxes.forget(peer)
        outboxes.admit(peer)
        gather(first, for: peer, in: &outboxes)
        #expect(outboxes.hasRoom(for: 1, to: peer) == false)
    }
}
