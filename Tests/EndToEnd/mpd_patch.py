"""MPD patches applied by lxml's XPath: RFC 5261, ISO/IEC 23009-1:2022 clause 5.15.3."""

import re
from urllib.parse import urljoin

from lxml import etree

from sluice import get

MPD, PATCH = "urn:mpeg:dash:schema:mpd:2011", "urn:mpeg:dash:schema:mpd-patch:2020"
ENDPOINT = """  - id: patched
    package: dash
    manifestWindowSeconds: 20
    minUpdatePeriodSeconds: 1
    segmentTemplate: timeline
    mpdPatch: true
    encryption: { scheme: cenc, keyRotationIntervalSeconds: 10, speke: main, systems: [clearkey] }
"""


def selected(root, selector):
    path = re.sub(r"/(?=[A-Za-z])", "/d:", selector)
    found = root.xpath(path, namespaces={"d": MPD})
    assert len(found) == 1, (selector, len(found))
    return found[0]


def apply(mpd, patch):
    """The MPD's document as the patch makes it."""
    root = etree.fromstring(mpd, etree.XMLParser(remove_blank_text=True))
    document = etree.fromstring(patch, etree.XMLParser(remove_blank_text=True))
    assert document.tag == f"{{{PATCH}}}Patch" and document.get("mpdId") == root.get("id")
    assert document.get("originalPublishTime") == root.get("publishTime") < document.get("publishTime")
    for operation in document:
        name, selector = etree.QName(operation).localname, operation.get("sel")
        parent, slash, attribute = selector.rpartition("/@")
        if slash:
            element = selected(root, parent)
            assert attribute in element.attrib
            if name == "remove":
                del element.attrib[attribute]
            else:
                assert name == "replace"
                element.set(attribute, operation.text)
            continue
        element = selected(root, selector)
        if name == "remove":
            element.getparent().remove(element)
        elif name == "replace":
            (child,) = operation
            element.getparent().replace(element, child)
        elif operation.get("type"):
            element.set(operation.get("type").removeprefix("@"), operation.text)
        else:
            position, children = operation.get("pos"), list(operation)
            if position == "after":
                for child in reversed(children):
                    element.addnext(child)
            elif position == "prepend":
                for child in reversed(children):
                    element.insert(0, child)
            else:
                assert position is None
                element.extend(children)
    return root


def canonical(root):
    return etree.tostring(etree.fromstring(etree.tostring(root), etree.XMLParser(remove_blank_text=True)), method="c14n2")


def revision(sluice):
    """An MPD as a player keeps it."""
    url = sluice.url("patched", "index.mpd")
    return url, get(url)[2]


def judge(sluice, bases):
    """Each base, patched, is the newest MPD; followed by patches alone one never needs another."""
    shortest = None
    for url, mpd in bases:
        for _ in range(5):
            location = etree.fromstring(mpd).find(f"{{{MPD}}}PatchLocation")
            assert 30 <= float(location.get("ttl"))
            code, headers, patch = get(urljoin(url, location.text))
            whole = get(url)[2]
            if code == 204:
                assert whole == mpd
                break
            assert code == 200 and headers["Content-Type"] == "application/dash-patch+xml"
            if etree.fromstring(patch).get("publishTime") == etree.fromstring(whole).get("publishTime"):
                assert canonical(apply(mpd, patch)) == canonical(etree.fromstring(whole))
                shortest = min(shortest or len(patch), len(patch))
                break
        else:
            raise AssertionError("the MPD changes with every look")
    assert shortest is not None
    code, _, patch = get(urljoin(url, "patch.mpp?publishTime=2020-01-01T00%3A00%3A00Z"))
    unknown = etree.fromstring(patch)
    assert code == 200 and unknown.get("originalPublishTime") == unknown.get("publishTime"), "it is nobody's"
    for bad in ("patch.mpp", "patch.mpp?publishTime=now"):
        assert get(urljoin(url, bad))[0] == 400
    assert get(sluice.url("ll", "patch.mpp?publishTime=2020-01-01T00%3A00%3A00Z"))[0] == 404
