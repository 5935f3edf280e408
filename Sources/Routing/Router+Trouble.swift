internal import Wire

/// The archive is there and commits nothing: its disk is full.
extension Router {
    /// Takes in what the archive says of that; the cameras are told when it begins.
    mutating func hearTrouble(_ trouble: String) {
        guard trouble != lane.session?.trouble else { return }
        lane.session?.trouble = trouble
        guard !trouble.isEmpty else { return note(.notice, "the archive takes frames again") }
        note(.warning, "the archive says: \(trouble)")
        for stream in streams {
            if let camera = stream.camera { warnOfTrouble(camera.peer) }
        }
    }

    /// Tells a camera why its frames are not archived, if that is so.
    mutating func warnOfTrouble(_ peer: PeerID) {
        guard let trouble = lane.session?.trouble, !trouble.isEmpty else { return }
        effects.append(
            .refuse(peer, ErrorMessage(code: .refused, mayGoOn: true, sentence: trouble))
        )
    }
}
