// Puts an open survey in the place of its own element: docs/surveys.md.
//   <script src="https://avis.example.org/widget.js" data-survey="apres-achat" data-lang="fr" async></script>
(function () {
  'use strict';
  var script = document.currentScript;
  var survey = script && script.getAttribute('data-survey');
  if (!survey) return;

  var lang = script.getAttribute('data-lang') || document.documentElement.lang;
  var page = new URL('o/' + encodeURIComponent(survey), script.src);
  if (lang) page.searchParams.set('lang', lang);

  var frame = document.createElement('iframe');
  frame.title = script.getAttribute('data-title') || (/^fr/i.test(lang || navigator.language) ? 'Votre avis' : 'Your opinion');
  frame.loading = 'lazy';
  frame.style.cssText = 'display:block;width:100%;height:26rem;border:0;visibility:hidden';
  frame.src = page.href;

  var heard = false;
  var loads = 0;
  window.addEventListener('message', function (event) {
    if (event.source !== frame.contentWindow || event.origin !== page.origin) return;
    var said = event.data;
    if (!said || said.rappel !== 'height' || !(said.height > 0)) return;
    heard = true;
    frame.style.height = Math.min(said.height, 10000) + 'px';
    frame.style.visibility = 'visible';
  });
  frame.addEventListener('load', function () {
    loads++;
    // A further step is read from its top.
    if (loads > 1 && frame.getBoundingClientRect().top < 0) frame.scrollIntoView();
    // A page that this site may not show says nothing, and leaves no gap.
    setTimeout(function () {
      if (!heard) frame.style.height = '0';
    }, 2000);
  });
  script.replaceWith(frame);
})();
