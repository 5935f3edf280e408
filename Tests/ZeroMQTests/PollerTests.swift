import Foundation
import Testing
import ZeroMQ

#if canImport(Glibc)
import Glibc
#endif

@Suite struct PollerTests {
    @Test func pollingTimesOutNotBeforeItsTime() throws {
        var poller = Poller()
        let wakeUp = try WakeUp()
        let slot = poller.add(fileDescriptor: wakeUp.fileDescriptor)
        let start = ContinuousClock.now
        #expect(try poller.wait(for: .microseconds(1_500)) == .timedOut)
        #expect(ContinuousClock.now - start >= .microseconds(1_500))
        #expect(poller.isReady(slot) == false)
    }

    @Test(arguments: [Duration.seconds(60), nil])
    func ringingFromAnotherThreadEndsTheWait(timeout: Duration?) throws {
        var poller = Poller()
        let wakeUp = try WakeUp()
        let slot = poller.add(fileDescriptor: wakeUp.fileDescriptor)
        Thread.detachNewThread { wakeUp.signal() }
        #expect(try poller.wait(for: timeout) == .ready)
        #expect(poller.isReady(slot) == true)
        #expect(wakeUp.drain())
        #expect(!wakeUp.drain())
        #expect(try poller.wait(for: .zero) == .timedOut)
    }

    @Test func onlyTheSocketWithAMessageIsReady() throws {
        let context = try Context()
        let quiet = try Socket(.dealer, in: context)
        try quiet.bind(to: "tcp://127.0.0.1:*")
        let busy = try Socket(.dealer, in: context)
        try busy.bind(to: "tcp://127.0.0.1:*")
        let client = try Socket(.dealer, in: context)
        try client.connect(to: try busy.lastEndpoint())
        try client.awaitWritable()
        var poller = Poller()
        let quietSlot = poller.add(quiet)
        let busySlot = poller.add(busy)

        #expect(try client.send(copying: [1]) == .sent)
        #expect(try poller.wait(for: patience) == .ready)
        #expect(poller.isReady(busySlot) == true)
        #expect(poller.isReady(quietSlot) == false)
    }

    @Test func aClosedSocketIsPassedOverUntilReplaced() throws {
        let context = try Context()
        var poller = Poller()
        let first = try Socket(.dealer, in: context)
        let slot = poller.add(first, .writable)
        first.close()
        #expect(try poller.wait(for: .zero) == .timedOut)

        let server = try Socket(.dealer, in: context)
        try server.bind(to: "tcp://127.0.0.1:*")
        let second = try Socket(.dealer, in: context)
        try second.connect(to: try server.lastEndpoint())
        poller.replace(slot, with: second)
        #expect(try poller.wait(for: patience) == .ready)
        #expect(poller.isReady(slot, .writable) == true)
    }

    @Test func aWakeUpClosesItsDescriptor() throws {
        var descriptor: Int32 = -1
        do {
            let wakeUp = try WakeUp()
            descriptor = wakeUp.fileDescriptor
            #expect(fcntl(descriptor, F_GETFD) >= 0)
        }
        #expect(descriptor >= 0)
    }
}

@Suite struct RoutingIDTests {
    @Test(arguments: [1, 5, 7, 8, 255])
    func anIdentityGivesBackItsBytes(byteCount: Int) throws {
        let bytes = pattern(byteCount)
        let peer = try Message(copying: bytes).withBytes { RoutingID($0) }
        let copy = try peer.withBytes { try Message(copying: $0).copyBytes() }
        #expect(copy == bytes)
    }

    @Test func identitiesOfDifferentLengthDiffer() throws {
        let short = try Message(copying: [1]).withBytes { RoutingID($0) }
        let long = try Message(copying: [1, 0]).withBytes { RoutingID($0) }
        #expect(short != long)
        #expect(short.description == "01")
    }
}
