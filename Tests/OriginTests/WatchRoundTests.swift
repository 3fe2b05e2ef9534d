import NIOCore
import NIOEmbedded
import Testing

@testable import Origin

/// Many connections under one timer.
@Suite struct WatchRoundTests {
    private let loop = EmbeddedEventLoop()
    private let metrics = OriginMetrics()

    private func watched(_ round: WatchRound) throws -> (channel: EmbeddedChannel, watch: ConnectionWatch) {
        let channel = EmbeddedChannel(loop: loop)
        let watch = ConnectionWatch(channel, metrics)
        round.add(watch)
        let bound = NIOLoopBound((round, watch), eventLoop: loop)
        channel.closeFuture.whenComplete { _ in bound.value.0.remove(bound.value.1) }
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        return (channel, watch)
    }

    @Test func eachHasItsOwnTime() throws {
        let round = WatchRound(on: loop, timeout: .seconds(64))
        var channels: [EmbeddedChannel] = []
        // One a second: the first is done after five looks, the others a second later each.
        for _ in 0..<10 {
            channels.append(try watched(round).channel)
            loop.advanceTime(by: .seconds(1))
        }
        loop.advanceTime(by: .seconds(69))
        for done in 0..<10 {
            #expect(channels.map(\.isActive) == (0..<10).map { $0 >= done })
            loop.advanceTime(by: .seconds(1))
            #expect(!channels[done].isActive)
        }
        #expect(metrics.values.atBounds == [.progress: 10])
    }

    @Test func whoLeavesIsTakenOutOfTheMiddle() throws {
        let round = WatchRound(on: loop, timeout: .seconds(64))
        let all = try (0..<5).map { _ in try watched(round) }
        for index in [2, 0, 4] {
            all[index].channel.close(promise: nil)
            loop.run()
            #expect(all[index].watch.place == nil)
        }
        round.remove(all[2].watch)
        for _ in 0..<8 {
            all[3].watch.note()
            loop.advanceTime(by: .seconds(16))
        }
        #expect(!all[1].channel.isActive && all[3].channel.isActive)
        #expect(all[1].watch.place == nil && all[3].watch.place?.before == nil && all[3].watch.place?.after == nil)
    }

    @Test func nothingIsHeldOfWhoHasLeft() throws {
        let round = WatchRound(on: loop, timeout: .seconds(64))
        weak var gone: ConnectionWatch?
        do {
            let (channel, watch) = try watched(round)
            gone = watch
            channel.close(promise: nil)
            loop.run()
        }
        loop.advanceTime(by: .seconds(64))
        #expect(gone == nil)
    }

    @Test func roundedUpAndNeverEarly() throws {
        let round = WatchRound(on: loop, timeout: .seconds(64))
        loop.advanceTime(by: .milliseconds(1))
        let (channel, _) = try watched(round)
        // Looks are 16 s apart, and up to a quarter of a second late.
        loop.advanceTime(by: .seconds(80))
        #expect(channel.isActive)
        loop.advanceTime(by: .milliseconds(5 * 250))
        #expect(!channel.isActive)
    }
}
