import Foundation
import TestSupport

/// What a process did to its files, as `Tests/PowerLoss/shim.c` has written it down, and the files
/// that a loss of power could leave of it.
struct DiskTrace {
    /// One call.
    enum Event {
        case create(file: UInt32, name: String)
        case write(file: UInt32, offset: Int, bytes: [UInt8], isSynced: Bool)
        case sync(file: UInt32)
        case directory(file: UInt32, name: String)
        case syncDirectory(file: UInt32)
        case rename(from: String, to: String)
        case unlink(name: String)
        case truncate(file: UInt32, length: Int)
        /// The process has said something.
        case said(String)
    }

    /// What was done, in order.
    let events: [Event]

    /// Reads the trace at `path`.
    init(path: String) throws {
        let data = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        var events: [Event] = []
        var offset = 0
        func number(_ place: Int, _ count: Int) -> Int {
            (0..<count).reduce(0) { $0 | Int(data[offset + place + $1]) << (8 * $1) }
        }
        while offset + 20 <= data.count {
            let (kind, flag, nameCount) = (data[offset], data[offset + 1], number(2, 2))
            let (file, place, count) = (UInt32(number(4, 4)), number(8, 8), number(16, 4))
            guard offset + 20 + nameCount + count <= data.count else { break }
            let start = offset + 20
            let name = String(decoding: data[start..<start + nameCount], as: UTF8.self)
            let bytes = Array(data[start + nameCount..<start + nameCount + count])
            switch kind {
            case 1: events.append(.create(file: file, name: name))
            case 2:
                events.append(
                    .write(file: file, offset: place, bytes: bytes, isSynced: flag != 0)
                )
            case 3: events.append(.sync(file: file))
            case 4: events.append(.syncDirectory(file: file))
            case 5: events.append(.rename(from: name, to: String(decoding: bytes, as: UTF8.self)))
            case 6: events.append(.unlink(name: name))
            case 7: events.append(.truncate(file: file, length: place))
            case 8: events.append(.directory(file: file, name: name))
            case 9: events.append(.said(String(decoding: bytes, as: UTF8.self)))
            default: throw CocoaError(.fileReadCorruptFile)
            }
            offset = start + nameCount + count
        }
        self.events = events
    }

    /// Everything that was said before event `end`.
    func said(before end: Int) -> String {
        events[..<end].reduce(into: "") { text, event in
            if case .said(let words) = event { text += words }
        }
    }
}

/// A disk that forgets what was not synced.
struct ForgetfulDisk {
    private static let sector = 512

    /// A change of a file that may be lost.
    private enum Change {
        case write(offset: Int, bytes: [UInt8])
        case truncate(length: Int)
    }

    /// A change of a directory that may be lost.
    private enum Entry {
        case link(name: String, file: UInt32)
        case rename(from: String, to: String)
        case unlink(name: String)

        var directory: String {
            switch self {
            case .link(let name, _), .unlink(let name), .rename(_, let name):
                (name as NSString).deletingLastPathComponent
            }
        }
    }

    private var content: [UInt32: [UInt8]] = [:]
    private var changes: [UInt32: [Change]] = [:]
    private var names: [String: UInt32] = [:]
    private var entries: [Entry] = []
    private var directories: [UInt32: String] = [:]

    /// Takes in what was done.
    mutating func apply(_ event: DiskTrace.Event) {
        switch event {
        case .create(let file, let name):
            entries.append(.link(name: name, file: file))
        case .write(let file, let offset, let bytes, let isSynced):
            let change = Change.write(offset: offset, bytes: bytes)
            // Through a descriptor that waits for the disk only this write is sure to be there.
            if isSynced {
                perform(change, on: file)
            } else {
                changes[file, default: []].append(change)
            }
        case .truncate(let file, let length):
            changes[file, default: []].append(.truncate(length: length))
        case .sync(let file):
            for change in changes[file] ?? [] { perform(change, on: file) }
            changes[file] = nil
        case .directory(let file, let name): directories[file] = name
        case .syncDirectory(let file):
            let name = directories[file] ?? ""
            for entry in entries where entry.directory == name { perform(entry) }
            entries.removeAll { $0.directory == name }
        case .rename(let from, let to): entries.append(.rename(from: from, to: to))
        case .unlink(let name): entries.append(.unlink(name: name))
        case .said: break
        }
    }

    private mutating func perform(_ change: Change, on file: UInt32) {
        var bytes = content.removeValue(forKey: file) ?? []
        switch change {
        case .write(let offset, let new):
            if bytes.count < offset + new.count {
                bytes += Array(repeating: 0, count: offset + new.count - bytes.count)
            }
            bytes.replaceSubrange(offset..<offset + new.count, with: new)
        case .truncate(let length):
            if bytes.count > length {
                bytes.removeLast(bytes.count - length)
            } else {
                bytes += Array(repeating: 0, count: length - bytes.count)
            }
        }
        content[file] = bytes
    }

    private mutating func perform(_ entry: Entry) {
        switch entry {
        case .link(let name, let file): names[name] = file
        case .unlink(let name): names[name] = nil
        case .rename(let from, let to):
            // Of a file whose name was lost before, the new one is lost with it.
            if let file = names.removeValue(forKey: from) { names[to] = file }
        }
    }

    /// The power goes: of what was not synced some is there, some is not, and some is torn.
    mutating func lose(using random: inout some RandomNumberGenerator) {
        // A file system keeps the order of its directories' changes; how far it came is not known.
        let kept = entries.isEmpty ? 0 : Int.random(in: 0...entries.count, using: &random)
        for entry in entries.prefix(kept) { perform(entry) }
        entries = []
        for (file, list) in changes.sorted(by: { $0.key < $1.key }) {
            for change in list { performSome(of: change, on: file, using: &random) }
        }
        changes = [:]
    }

    private mutating func performSome(
        of change: Change,
        on file: UInt32,
        using random: inout some RandomNumberGenerator
    ) {
        switch (Int.random(in: 0..<4, using: &random), change) {
        case (0, _): break
        case (1, .write(let offset, let bytes)):
            var place = 0
            while place < bytes.count {
                let end = min(bytes.count, place + Self.sector - (offset + place) % Self.sector)
                if Bool.random(using: &random) {
                    let part = Array(bytes[place..<end])
                    perform(.write(offset: offset + place, bytes: part), on: file)
                }
                place = end
            }
        default: perform(change, on: file)
        }
    }

    /// Writes what is there into a directory.
    func write(to path: String) throws {
        for (name, file) in names where !name.hasSuffix("-lock") && !name.hasSuffix("-shm") {
            let target = path + "/" + name
            try FileManager.default.createDirectory(
                atPath: (target as NSString).deletingLastPathComponent,
                withIntermediateDirectories: true
            )
            try Data(content[file] ?? []).write(to: URL(fileURLWithPath: target))
        }
    }
}
