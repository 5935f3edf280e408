internal import Wire

/// Frames come in.
extension Router {
    /// The stream of that name, made when it is new.
    mutating func streamIndex(_ name: String) -> Int {
        if let index = streamIndices[name] { return index }
        let index = streams.count
        streams.append(Stream(name: name))
        streamIndices[name] = index
        for group in groups.indices where groups[group].definition?.covers(stream: name) == true {
            subscribe(group: group, stream: index)
        }
        return index
    }

    mutating func welcomeCamera(_ peer: PeerID, _ name: String, _ wishes: CameraWishes) {
        guard streamIndices[wishes.stream] != nil || streams.count < settings.streams else {
            let sentence = """
                the broker knows \(streams.count) streams, which is its limit; started anew it forgets \
                those that are gone
                """
            return refuse(peer, .refused, sentence)
        }
        let index = streamIndex(wishes.stream)
        if let other = streams[index].camera {
            // Before its first frame the broker does not know the epoch that it chose.
            let isSame = other.epoch == wishes.epoch || other.epoch == 0
            guard wishes.epoch != 0, isSame else {
                let sentence = """
                    the stream \(wishes.stream) has a camera that is alive; stop that one, or choose \
                    another --stream
                    """
                return refuse(peer, .nameTaken, sentence)
            }
            // The same camera on a new connection, before the old one was seen to be gone.
            peers[other.peer] = nil
            effects.append(.forget(other.peer))
            removeCamera(of: index)
        }
        let lastEpoch = streams[index].next.epoch
        guard wishes.epoch == 0 || wishes.epoch >= lastEpoch else {
            return refuseStaleEpoch(peer, stream: index)
        }
        streams[index].camera = Camera(
            peer: peer,
            acknowledgement: wishes.acknowledgement,
            epoch: wishes.epoch
        )
        cameraCount += 1
        peers[peer] = Peer(name: name, role: .camera(stream: index), lastHeard: now)
        effects.append(.welcome(peer, welcome(lastEpoch: lastEpoch)))
        warnOfTrouble(peer)
        note(.info, "camera \(name) sends stream \(wishes.stream)", about: peer)
        markDirty(index)
        flush()
    }

    mutating func refuseStaleEpoch(_ peer: PeerID, stream: Int) {
        let sentence = """
            the stream \(streams[stream].name) has newer frames, of epoch \
            \(streams[stream].next.epoch); number yours in a newer epoch
            """
        refuse(peer, .staleEpoch, sentence)
    }

    mutating func removeCamera(of stream: Int) {
        guard let camera = streams[stream].camera else { return }
        // What is held stays granted until it is committed; what never came does not.
        grantedBytes -= max(0, camera.limit - camera.received)
        cameraCount -= 1
        streams[stream].camera = nil
    }

    mutating func handleFrame(_ peer: PeerID, _ frame: Frame, _ slot: Slot) {
        let byteCount = Int(frame.byteCount)
        slots.open(slot, byteCount: byteCount)
        defer { release(slot) }
        guard let role = hear(peer) else { return }
        guard case .camera(let index) = role, streams[index].name == frame.id.stream,
            let camera = streams[index].camera
        else {
            return offend(peer, .unexpected, "a frame of \(frame.id.stream) is not yours to send")
        }
        // A camera may pass its limit with one frame, as it must when the frame is larger.
        guard camera.received < camera.limit else {
            return offend(
                peer,
                .overLimit,
                "more was sent than the window of \(camera.limit) bytes"
            )
        }
        guard isBelievable(frame.id.epoch, of: index) else {
            return offend(peer, .unexpected, "the epoch \(frame.id.epoch) is far in the future")
        }
        let place = frame.id.place
        let next = streams[index].next
        guard place.epoch >= next.epoch else {
            removeSessionForStaleEpoch(peer, stream: index)
            return
        }
        takeFromWindow(byteCount, of: index)
        streams[index].camera?.epoch = place.epoch
        markDirty(index)
        guard place >= next else { return free(byteCount, of: index, peer: peer) }
        if place.epoch == next.epoch {
            streams[index].countLost(place.sequence - next.sequence)
        } else {
            streams[index].archivedNext = 0
        }
        streams[index].next = Place(epoch: place.epoch, sequence: place.sequence + 1)
        streams[index].frameCount += 1
        streams[index].byteCount += UInt64(byteCount)
        let isKept = keepForArchive(place, slot, byteCount, stream: index, peer: peer)
        enterRing(place, slot, byteCount, stream: index, isKept: isKept)
        offerToGroups(place, slot, byteCount, stream: index)
    }

    /// Whether an epoch may be: one at the end of all numbers would be the stream's last for ever.
    ///
    /// One that follows a known one always may, so that there is a next one whatever was seen.
    private func isBelievable(_ epoch: UInt64, of stream: Int) -> Bool {
        let known = streams[stream].next.epoch
        return epoch <= Limits.number / 2 || (epoch >= known && epoch - known <= 1 << 32)
    }

    private mutating func removeSessionForStaleEpoch(_ peer: PeerID, stream: Int) {
        peers[peer] = nil
        removeCamera(of: stream)
        refuseStaleEpoch(peer, stream: stream)
    }

    mutating func handleGap(_ peer: PeerID, _ gap: Gap) {
        guard let role = hear(peer) else { return }
        guard case .camera(let index) = role, streams[index].name == gap.stream else {
            return offend(peer, .unexpected, "a gap of \(gap.stream) is not yours to announce")
        }
        guard isBelievable(gap.epoch, of: index) else {
            return offend(peer, .unexpected, "the epoch \(gap.epoch) is far in the future")
        }
        let after = Place(epoch: gap.epoch, sequence: gap.last + 1)
        guard after > streams[index].next else { return }
        let isNewEpoch = gap.epoch != streams[index].next.epoch
        let first = isNewEpoch ? gap.first : max(gap.first, streams[index].next.sequence)
        if isNewEpoch { streams[index].archivedNext = 0 }
        streams[index].countShed(gap.last - first + 1)
        streams[index].next = after
        streams[index].camera?.epoch = gap.epoch
        markDirty(index)
        noteGap(
            Gap(
                stream: gap.stream,
                epoch: gap.epoch,
                first: first,
                last: gap.last,
                reason: .shed
            ),
            of: index
        )
    }

    // MARK: The ring

    private mutating func enterRing(
        _ place: Place,
        _ slot: Slot,
        _ byteCount: Int,
        stream: Int,
        isKept: Bool
    ) {
        guard streams[stream].durableSubscriptions > 0 || streams[stream].ring.first != nil else {
            return streams[stream].ring.pass(place)
        }
        slots.retain(slot)
        streams[stream].ring.append(
            Ring.Entry(
                place: place,
                slot: slot,
                byteCount: byteCount,
                arrivedAt: now,
                isKept: isKept
            )
        )
        ringOrder.append(stream)
        ringBytes += byteCount + settings.slotBytes
        shrinkRing()
    }

    /// Lets go of the oldest frames that the archive has, until the rest fits.
    mutating func shrinkRing() {
        while ringBytes > settings.ringBytes, let stream = ringOrder.first {
            guard let oldest = streams[stream].ring.first else {
                preconditionFailure("the ring of \(streams[stream].name) lacks a frame")
            }
            let isCommitted = streams[stream].committedThrough.map { oldest.place <= $0 } ?? false
            guard isCommitted || !oldest.isKept else { return }
            fallBehind(before: streams[stream].ring.firstIndex + 1, stream: stream)
            _ = streams[stream].ring.evictFirst()
            ringOrder.popFirst()
            ringBytes -= oldest.byteCount + settings.slotBytes
            release(oldest.slot)
        }
    }
}
