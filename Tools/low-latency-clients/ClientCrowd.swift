import CLinux
import Glibc

/// All players, on one thread.
final class ClientCrowd {
    private let path: String
    private let folder: String
    private var clients: [Client] = []
    private let poll = sluice_epoll_create()
    private(set) var arrivals = Arrivals()
    /// All of them, from the beginning.
    private(set) var answers = 0
    /// Of the playlist's own, as they are in its hints.
    private var mediaFolder: [UInt8] = []
    private var requests: [Client.Wish: [UInt8]] = [:]
    private var newest = Place(number: 0, part: 0)
    /// What is behind it is noted; nil: nothing yet, while they come.
    private var start: Place?

    init(port: UInt16, playlist: String, count: Int) throws {
        path = playlist
        folder = String(playlist[...(playlist.lastIndex(of: "/") ?? playlist.startIndex)])
        for index in 0..<count {
            let client = try Client(port: port)
            guard sluice_epoll_add(poll, client.descriptor, UInt32(sluice_event_input), UInt64(index), 0) == 0
            else { throw Failure(reason: "cannot watch a socket: errno \(errno)") }
            clients.append(client)
        }
    }

    deinit {
        for client in clients { close(client.descriptor) }
        close(poll)
    }

    /// Each plays until the time is over; what comes in the first fifth of it is not counted.
    func play(seconds: Double) throws {
        for index in clients.indices { try clients[index].ask(request(.playlist(nil))) }
        let begin = Self.now()
        let end = begin + UInt64(seconds * 1e9)
        let counting = begin + UInt64(seconds * 0.2e9)
        var now = begin
        while now < end {
            now = try turn()
            if start == nil, now > counting { start = newest }
        }
    }

    /// All have had one playlist, and wait for the next.
    func gather() throws {
        for index in clients.indices { try clients[index].ask(request(.playlist(nil))) }
        while clients.contains(where: { $0.wish == .playlist(nil) }) { _ = try turn() }
    }

    private static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    private var events = [sluice_event](repeating: sluice_event(), count: 64)
    private var buffer = [UInt8](repeating: 0, count: 1 << 18)

    private func turn() throws -> UInt64 {
        let count = sluice_epoll_wait(poll, &events, 64, 100)
        let woken = Self.now()
        guard count > 0 else { return woken }
        for event in 0..<Int(count) { try readable(Int(events[event].data), woken) }
        return Self.now()
    }

    private func readable(_ index: Int, _ woken: UInt64) throws {
        let descriptor = clients[index].descriptor
        let count = buffer.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
        guard count > 0 else { throw Failure(reason: "closed by the origin (\(count), errno \(errno))") }
        if case .playlist(let place?) = clients[index].wish, counts(place) { arrivals.noteFirst(place, at: woken) }
        let isWhole = try buffer.withUnsafeBytes { try clients[index].take(.init(rebasing: $0.prefix(count))) }
        guard isWhole else { return }
        answers += 1
        switch clients[index].wish {
        case .playlist(let place):
            guard let hint = AnswerText.hint(clients[index].text) else {
                throw Failure(reason: "a playlist without a hint")
            }
            if mediaFolder.isEmpty { mediaFolder = hint.folder }
            if hint.place > newest {
                newest = hint.place
                if requests.count > 1000 { requests.removeAll() }
            }
            if let place {
                if counts(place) { arrivals.noteListed(place, at: Self.now()) }
                // The part that was waited for; who is behind goes on with the newest.
                try ask(index, .part(place), next: hint.place)
            } else {
                try ask(index, .playlist(hint.place))
            }
        case .part(let place):
            if counts(place) { arrivals.noteWhole(place, bytes: clients[index].length, at: Self.now()) }
            try ask(index, .playlist(next[index] ?? newest))
        }
    }

    private func counts(_ place: Place) -> Bool { start.map { place > $0 } ?? false }

    /// What each asks for behind its part.
    private var next: [Int: Place] = [:]

    private func ask(_ index: Int, _ wish: Client.Wish, next place: Place? = nil) throws {
        if let place { next[index] = place }
        clients[index].wants(wish)
        try clients[index].ask(request(wish))
    }

    private func request(_ wish: Client.Wish) -> [UInt8] {
        if let known = requests[wish] { return known }
        let target =
            switch wish {
            case .playlist(nil): path
            case .playlist(let place?): "\(path)?_HLS_msn=\(place.number)&_HLS_part=\(place.part)"
            case .part(let place): "\(folder)\(String(decoding: mediaFolder, as: UTF8.self))\(place).m4s"
            }
        let request = Array("GET \(target) HTTP/1.1\r\nHost: origin\r\nUser-Agent: low-latency-clients\r\n\r\n".utf8)
        requests[wish] = request
        return request
    }
}
