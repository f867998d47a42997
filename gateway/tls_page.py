"""The page that says how a phone installs the authority, and tests itself."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response

from facility.edge import Ctx
from facility.errors import Missing
from gateway.tls import folder_of, server_files

pages = APIRouter(prefix="/drill", include_in_schema=False)

PAGE = """<!doctype html>
<html lang="zh-CN" data-theme="dark"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>安装证书 · Pingzhan</title>
<link rel="stylesheet" href="/drill/drill.css"></head><body><div id="page"><main class="tlspage">
<h1>让手机在地下室也能离线签认</h1>
<p class="sub">Install this site's certificate once, so that the checklist keeps working without a network.</p>
<div class="card" id="result" data-test="running"><b>正在自检… Testing…</b></div>
{steps}
<p><a href="/drill/">返回签认页 · Back</a></p>
</main></div><script type="module" src="/drill/tls.js" data-https-port="{port}"></script></body></html>"""

STEPS = """<ol class="steps">
<li><b>下载证书</b> <a class="big linkbig" href="/drill/ca.crt">ca.crt</a></li>
<li><b>安装并信任</b><br>
安卓：设置 → 安全 → 加密与凭据 → 安装证书 → CA 证书。<br>
iPhone：设置 → 已下载描述文件 → 安装；再到 通用 → 关于本机 → 证书信任设置 打开。<br>
Windows：双击 → 安装 → 本地计算机 → 受信任的根证书颁发机构。</li>
<li><b>核对指纹</b>（应与值守处公布的一致）<br><code>{fingerprint}</code></li>
<li><b>打开加密地址</b> <a id="secure" href="#">…</a></li>
</ol>
<p class="sub">Android: Settings → Security → Encryption &amp; credentials → Install a certificate → CA. iPhone:
install the profile, then General → About → Certificate Trust Settings.
Compare the fingerprint before you trust it.</p>"""

NONE = """<div class="notice">服务器还没有证书。请在服务器上运行 <code>pingzhan tls init</code> 后重新启动。<br>
No certificate yet: run <code>pingzhan tls init</code> on the server and start it again.</div>"""


class NoAuthority(Missing):
    """`pingzhan tls init` has not run."""

    code = "tls.no_authority"


@pages.get("/tls")
async def how_to_install(ctx: Ctx) -> HTMLResponse:
    """How to install the authority; the page's script tests whether this phone trusts it."""
    steps = NONE
    if server_files(ctx.settings) is not None:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes

        authority = x509.load_pem_x509_certificate((folder_of(ctx.settings) / "ca.pem").read_bytes())
        steps = STEPS.format(fingerprint=authority.fingerprint(hashes.SHA256()).hex(":").upper())
    return HTMLResponse(PAGE.format(steps=steps, port=ctx.settings.https_port))


@pages.get("/ca.crt")
async def authority_file(ctx: Ctx) -> Response:
    """The authority's certificate, as phones want it."""
    path = folder_of(ctx.settings) / "ca.pem"
    if not path.exists():
        raise NoAuthority("pingzhan tls init has not run")
    headers = {"Content-Disposition": 'attachment; filename="pingzhan-ca.crt"'}
    return Response(path.read_bytes(), media_type="application/x-x509-ca-cert", headers=headers)
