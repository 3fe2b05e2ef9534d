/// An element's attributes by their names as written, in order: there are few, which are found sooner one by one.
struct XMLAttributes: Sequence {
    private var all: [(name: String, value: String)] = []

    subscript(name: String) -> String? {
        get { all.first { $0.name == name }?.value }
        set {
            let place = all.firstIndex { $0.name == name }
            switch (place, newValue) {
            case (let place?, let value?): all[place].value = value
            case (let place?, nil): all.remove(at: place)
            case (nil, let value?): all.append((name, value))
            case (nil, nil): break
            }
        }
    }

    func makeIterator() -> some IteratorProtocol<(name: String, value: String)> { all.makeIterator() }
}
