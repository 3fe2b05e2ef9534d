import EncryptionDesk
import MediaMemory
import NIOCore
import NIOHTTP1
import NIOPosix
import Packager

/// What is not in the cache is made once, for all who ask at the same time.
extension LiveContent {
    /// What takes as long as to package so many bytes: a manifest, or what is small.
    private static let manifestCost = 512 << 10
    private static let leastCost = 64 << 10

    private typealias Completion = @Sendable (Result<CachedResponse, any Error>) -> Void

    /// From the cache, or made once.
    /// - Parameters:
    ///   - cost: bytes of media that it is made of; nil: of none.
    ///   - asker: nil: who has waited, or is being sent more of it, and is not refused.
    ///   - maker: of the disk, where what it is made of is there alone.
    ///   - isBrief: it is made before a thread would have begun, from what is in memory, and waits for nobody: then here.
    ///   - residence: what it is part of, for it to leave the cache by.
    func make(
        _ key: String, cost: Int? = nil, for asker: Asker?, on eventLoop: any EventLoop,
        by maker: @autoclosure () -> ResponseCache.Maker = .live, isBrief: @autoclosure () -> Bool = false,
        of residence: @escaping @autoclosure @Sendable () -> EvictionOrder.Residence? = nil,
        _ body: @escaping @Sendable () throws -> CachedResponse
    ) -> OriginAnswer {
        begin(key, cost: cost, for: asker, on: eventLoop, by: maker(), isBrief: isBrief(), of: residence) { complete in
            complete(Result(catching: body))
        }
    }

    /// The same of media, of which what is to be encrypted as a whole is, in step with what else is at the time.
    /// - Parameter answer: is made of it once it is as it may be sent.
    func makeMedia(
        _ key: String, cost: Int, for asker: Asker?, on eventLoop: any EventLoop,
        by maker: @autoclosure () -> ResponseCache.Maker,
        of residence: @escaping @autoclosure @Sendable () -> EvictionOrder.Residence?,
        _ body: @escaping @Sendable () throws -> PackagedMedia,
        answer: @escaping @Sendable (MediaBytes) -> CachedResponse
    ) -> OriginAnswer {
        let desk = desk
        return begin(key, cost: cost, for: asker, on: eventLoop, by: maker(), isBrief: false, of: residence) {
            complete in
            do {
                switch try body() {
                case .whole(let media): complete(.success(answer(media)))
                case .clear(let job):
                    desk.encrypt(job) { outcome in complete(outcome.map(answer).mapError { $0 as any Error }) }
                }
            } catch {
                complete(.failure(error))
            }
        }
    }

    private func pool(_ maker: ResponseCache.Maker) -> NIOThreadPool {
        switch maker {
        case .live: threads
        case .asked: others
        case .disk: readers
        }
    }

    private func begin(
        _ key: String, cost: Int?, for asker: Asker?, on eventLoop: any EventLoop,
        by maker: @autoclosure () -> ResponseCache.Maker, isBrief: @autoclosure () -> Bool,
        of residence: @escaping @Sendable () -> EvictionOrder.Residence?,
        _ work: @escaping @Sendable (_ complete: @escaping Completion) -> Void
    ) -> OriginAnswer {
        let cost = cost.map { max($0, Self.leastCost) } ?? Self.manifestCost
        switch cache.lookUp(key, cost: cost, isUrgent: asker == nil, by: maker(), on: eventLoop) {
        case .overloaded: return .ready(Self.overloaded)
        case .hit(let response): return .ready(response)
        case .wait(let future): return .later(future)
        case .make(let future, let maker):
            let (cache, logFailure) = (cache, logFailure)
            let complete: Completion = { result in
                switch result {
                case .success(let response):
                    cache.complete(key, response, isKept: response.status == .ok, of: residence())
                case .failure(let error):
                    logFailure(key, "\(error)")
                    let isGone = if case .missingMedia? = error as? PackagingError { true } else { false }
                    cache.complete(key, isGone ? .notFound : Self.unpackable, isKept: false, hasFailed: true)
                }
            }
            if isBrief() { work(complete) } else { pool(maker).submit { _ in work(complete) } }
            return .later(future)
        }
    }
}

extension EvictionOrder.Residence {
    /// Of media of a segment.
    init(_ path: ResourcePath, _ segment: UInt64, in window: EndpointWindow) {
        self.init(
            window: "/\(path.channel)/\(path.endpoint)", segment: segment,
            firstListed: window.listed.first?.number ?? 0)
    }

    /// Of a manifest, which the next revision takes the place of.
    /// - Parameter name: its path.
    init(revision: UInt64, of name: String) { self.init(window: name, segment: revision, firstListed: revision) }
}
