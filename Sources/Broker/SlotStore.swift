import Routing
import Wire
import ZeroMQ

/// The bytes of frames and results while anybody needs them, by ``Slot``.
///
/// Storage is used again: in the steady state nothing is allocated for a slot. A free slot holds none, but for the next one.
struct SlotStore: ~Copyable {
    private var contents: [SlotContent] = []
    private var free: [Slot] = []
    private var spares = SpareStorage()

    /// A free slot to put a message into; it stays free until ``take(_:)``.
    mutating func next() -> Slot {
        if free.isEmpty {
            free.append(Slot(contents.count))
            contents.append(SlotContent())
        }
        return free[free.count - 1]
    }

    /// Copies a small message into a free slot.
    ///
    /// - Parameters:
    ///   - parts: Where the message is in `body`.
    ///   - body: That of a bundle.
    ///   - content: The slot's.
    mutating func copy(_ parts: BundleReader.Parts, of body: RawSpan, into content: SlotContent) {
        spares.lend(to: content)
        content.copy(parts, of: body)
    }

    /// The slot is in use from now on, until ``release(_:)``.
    mutating func take(_ slot: Slot) {
        let last = free.popLast()
        precondition(last == slot, "slots are taken in the order given")
    }

    mutating func release(_ slot: Slot, _ pool: inout MessagePool) {
        let content = contents[slot.index]
        content.clear(&pool)
        spares.take(from: content)
        free.append(slot)
    }

    subscript(slot: Slot) -> SlotContent { contents[slot.index] }

    /// Bytes of storage for small messages, that of spares included.
    var storageByteCount: Int {
        contents.reduce(spares.byteCount) { $0 + $1.storageByteCount }
    }
}

/// Storage for small messages that is kept for the next ones.
@safe
private struct SpareStorage: ~Copyable {
    /// Of 4 KiB each at most; more is given back to the system.
    private static let most = 4_096

    private var spares: [UnsafeMutableRawBufferPointer] = unsafe []

    deinit {
        unsafe spares.forEach { unsafe $0.deallocate() }
    }

    var byteCount: Int { unsafe spares.reduce(0) { $0 + $1.count } }

    mutating func lend(to content: SlotContent) {
        guard content.storageByteCount == 0, let spare = unsafe spares.popLast() else { return }
        unsafe content.give(storage: spare)
    }

    mutating func take(from content: SlotContent) {
        guard let storage = unsafe content.takeStorage() else { return }
        if unsafe spares.count < Self.most {
            unsafe spares.append(storage)
        } else {
            unsafe storage.deallocate()
        }
    }
}
