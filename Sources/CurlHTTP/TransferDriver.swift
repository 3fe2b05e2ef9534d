import CCurl
import Glibc
import Synchronization

/// The thread that runs a client's transfers by libcurl's multi interface, and the queue to it.
///
/// Threads other than this one may touch a multi handle by `curl_multi_wakeup` alone (libcurl's manual of that
/// function); all else happens here, and what both sides share is behind the mutex.
final class TransferDriver: @unchecked Sendable {  // why: `multi` is its thread's own, as above
    typealias Continuation = CheckedContinuation<Result<HTTPResponse, HTTPError>, Never>

    private struct Inbox {
        var submissions: [(Transfer, Continuation)] = []
        var isStopping = false
    }

    private let multi: UnsafeMutableRawPointer
    private let inbox = Mutex(Inbox())

    /// Nil where libcurl or the system has no resources left.
    init?(maximumConnections: Int) {
        guard let multi = curl_multi_init() else { return nil }
        self.multi = multi
        _ = sluice_curl_multi_set_long(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, maximumConnections)
        var thread = pthread_t()
        let context = Unmanaged.passRetained(self)
        let code = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<TransferDriver>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, context.toOpaque())
        guard code == 0 else {
            context.release()
            curl_multi_cleanup(multi)
            return nil
        }
        pthread_detach(thread)
    }

    func submit(_ transfer: Transfer, _ continuation: Continuation) {
        inbox.withLock { inbox in
            inbox.submissions.append((transfer, continuation))
            curl_multi_wakeup(multi)
        }
    }

    /// Makes the thread look again at what has been cancelled.
    func wakeUp() {
        inbox.withLock { inbox in
            if !inbox.isStopping { curl_multi_wakeup(multi) }
        }
    }

    /// Ends the thread, which then frees the multi handle. Nothing may be submitted afterwards.
    func stop() {
        inbox.withLock { inbox in
            inbox.isStopping = true
            // Within the lock: the thread cannot see the flag, and free the handle, before this is done with it.
            curl_multi_wakeup(multi)
        }
    }

    private func run() {
        // OpenSSL writes to sockets whose other end may be gone, and libcurl leaves that signal to us (CURLOPT_NOSIGNAL).
        // Blocked, it stays pending here, and the write fails with EPIPE alone.
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &signals, nil)

        var active: [UnsafeMutableRawPointer: (Transfer, Continuation)] = [:]
        while true {
            let (submissions, isStopping) = inbox.withLock { inbox in
                defer { inbox.submissions = [] }
                return (inbox.submissions, inbox.isStopping)
            }
            for (transfer, continuation) in submissions {
                let code = curl_multi_add_handle(multi, transfer.handle)
                if code == CURLM_OK {
                    active[transfer.handle] = (transfer, continuation)
                } else {
                    continuation.resume(
                        returning: .failure(
                            failure(transfer, .other, String(cString: curl_multi_strerror(code)))))
                }
            }
            for (handle, (transfer, continuation)) in active
            where isStopping || transfer.isCancelled.load(ordering: .relaxed) {
                curl_multi_remove_handle(multi, handle)
                active[handle] = nil
                continuation.resume(returning: .failure(failure(transfer, .cancelled, "the request was cancelled")))
            }
            if isStopping { break }

            var running: Int32 = 0
            curl_multi_perform(multi, &running)
            var remaining: Int32 = 0
            while let message = curl_multi_info_read(multi, &remaining) {
                guard message.pointee.msg == CURLMSG_DONE, let handle = message.pointee.easy_handle else { continue }
                // The message is libcurl's and goes with the handle: read it first.
                let code = sluice_curl_result(message)
                curl_multi_remove_handle(multi, handle)
                // Whoever gets it is its only owner: what it holds is wiped when that one lets it go.
                let ended = active.removeValue(forKey: handle).map { ($0.result(code), $1) }
                if let (result, continuation) = ended { continuation.resume(returning: result) }
            }
            // Woken by sockets, libcurl's own timers, and curl_multi_wakeup.
            curl_multi_poll(multi, nil, 0, active.isEmpty ? 60_000 : 1_000, nil)
        }
        curl_multi_cleanup(multi)
    }

    private func failure(_ transfer: Transfer, _ code: HTTPError.Code, _ reason: String) -> HTTPError {
        HTTPError(code: code, curlCode: 0, reason: reason, url: Curl.display(transfer.request.url))
    }
}
