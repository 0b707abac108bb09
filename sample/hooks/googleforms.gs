/**
 * Sends each response to a Google Form to Rappel, signed as Standard Webhooks has it
 * (https://www.standardwebhooks.com). docs/connectors.md says how to install it:
 *
 *   1. In the form: ⋮, Apps Script; paste this file.
 *   2. Project settings, script properties: RAPPEL_URL, the endpoint's address, as
 *      https://rappel.example.org/v1/hooks/googleforms/magasins; and RAPPEL_SECRET, the
 *      endpoint's secret, as whsec_ and base64.
 *   3. Run install() once, and allow what it asks for.
 *
 * A response that could not be sent is kept by its id, and sent within an hour of the
 * receiver's return; one that the respondent edits is sent again.
 */

var RAPPEL_WAITING = 'RAPPEL_WAITING'; // ids of responses that were not sent
var RAPPEL_MOST_WAITING = 500;

/** Makes the triggers: on each response, and every hour for those that wait. */
function install() {
  ScriptApp.getProjectTriggers().forEach(function (t) {
    if (['onRappelSubmit', 'onRappelHour'].indexOf(t.getHandlerFunction()) >= 0) ScriptApp.deleteTrigger(t);
  });
  ScriptApp.newTrigger('onRappelSubmit').forForm(FormApp.getActiveForm()).onFormSubmit().create();
  ScriptApp.newTrigger('onRappelHour').timeBased().everyHours(1).create();
}

function onRappelSubmit(e) {
  rappelSendAll([e.response.getId()], e.triggerUid);
}

function onRappelHour() {
  rappelSendAll([], 'hourly');
}

/** Sends responses, and those that wait; what cannot be sent waits. */
function rappelSendAll(ids, trigger) {
  var lock = LockService.getScriptLock();
  lock.waitLock(30000);
  try {
    var properties = PropertiesService.getScriptProperties();
    var waiting = JSON.parse(properties.getProperty(RAPPEL_WAITING) || '[]');
    ids.forEach(function (id) {
      if (waiting.indexOf(id) < 0) waiting.push(id);
    });
    // Kept before it is tried: a script that is cut off loses nothing.
    properties.setProperty(RAPPEL_WAITING, JSON.stringify(waiting.slice(-RAPPEL_MOST_WAITING)));
    var left = waiting.filter(function (id) {
      return !rappelSend(id, trigger, properties);
    });
    properties.setProperty(RAPPEL_WAITING, JSON.stringify(left.slice(-RAPPEL_MOST_WAITING)));
  } finally {
    lock.releaseLock();
  }
}

/** Sends one response; true once it was taken, or is not there any more. */
function rappelSend(id, trigger, properties) {
  var response = FormApp.getActiveForm().getResponse(id);
  if (!response) return true;
  var body = JSON.stringify(rappelBody(response, trigger));
  var at = String(Math.floor(Date.now() / 1000));
  // The same edit of the same response has the same id, however often it is sent.
  var message = id + '-' + response.getTimestamp().getTime();
  try {
    var answer = UrlFetchApp.fetch(properties.getProperty('RAPPEL_URL'), {
      method: 'post',
      contentType: 'application/json',
      payload: body,
      followRedirects: false,
      muteHttpExceptions: true,
      headers: {
        'webhook-id': message,
        'webhook-timestamp': at,
        'webhook-signature': 'v1,' + rappelSignature(properties.getProperty('RAPPEL_SECRET'), message + '.' + at + '.' + body)
      }
    });
    var code = answer.getResponseCode();
    if (code >= 200 && code < 300) return true;
    console.error('Rappel answered %s; the response waits', code);
  } catch (err) {
    console.error('Rappel does not answer; the response waits');
  }
  return false;
}

function rappelBody(response, trigger) {
  return {
    source: 'google_forms_apps_script',
    triggerUid: trigger,
    formId: FormApp.getActiveForm().getId(),
    responseId: response.getId(),
    timestamp: response.getTimestamp().toISOString(),
    respondentEmail: response.getRespondentEmail(),
    items: response.getItemResponses().map(function (r) {
      var item = r.getItem();
      return {itemId: String(item.getId()), title: item.getTitle(), type: String(item.getType()), response: r.getResponse()};
    })
  };
}

/** HMAC-SHA256 over the text's UTF-8 bytes, in base64. */
function rappelSignature(secret, text) {
  var key = secret.indexOf('whsec_') === 0 ? Utilities.base64Decode(secret.substring(6)) : Utilities.newBlob(secret).getBytes();
  return Utilities.base64Encode(Utilities.computeHmacSha256Signature(Utilities.newBlob(text).getBytes(), key));
}
