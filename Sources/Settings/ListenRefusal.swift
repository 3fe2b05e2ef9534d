#if canImport(Glibc)
    import Glibc
#endif

/// Why a program cannot listen on an address, by what bind(2) or listen(2) said, and what its operator can do about it.
package struct ListenRefusal: Sendable, CustomStringConvertible {
    package let description: String

    /// - Parameters:
    ///   - code: the error's number.
    ///   - setting: where the address is written, such as `admin.listen`.
    package init(code: Int32, port: Int, setting: String) {
        description =
            switch code {
            case EADDRINUSE:
                "another program listens there, or another sluice: end it (`ss -ltnp 'sport = :\(port)'` names it), "
                    + "or choose another address or port in \(setting)"
            case EADDRNOTAVAIL: "this machine has no such address; choose one of its own in \(setting)"
            case EACCES:
                "not permitted: ports below 1024 want CAP_NET_BIND_SERVICE; or choose another in \(setting)"
            default: String(cString: strerror(code))
            }
    }
}
